import type { Grant } from "@countersign/proof/grant";
import { type AccessTokenClaims, type Act, issueAccessToken, passkeyAcr } from "@countersign/proof/token";
import { reserve } from "../approvals/index.ts";
import { append } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import {
  agentsOf,
  expiryOf,
  type LivingChain,
  leafOf,
  requireChain,
  subjectOf,
} from "../delegation/index.ts";
import { Fault, type Id, inSeconds, newId } from "../lib/index.ts";
import { endOf, requireActiveAgent, requireActiveService } from "../registry/index.ts";
import { requireAlive } from "../revocation/index.ts";
import type { BoundClient } from "./client.ts";
import { tokenIssued } from "./events.ts";
import { evidenceClaims } from "./evidence-claims.ts";
import { issuable } from "./issuable.ts";
import { issuedBody } from "./issued.ts";
import type { Mandate } from "./mandate.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { released } from "./release.ts";
import { revocationKeys } from "./revocation-keys.ts";
import { drawPlace, takePlace } from "./status-place.ts";
import { type IssuedToken, insertToken } from "./store.ts";

/** The answer of the token endpoint. @see RFC 6749 §5.1, RFC 8693 §2.2.1, RFC 9396 §7 */
export interface TokenResponse {
  readonly access_token: string;
  /**
   * What the token is sent as. `Bearer` is the word of RFC 8705 for one that is bound to a certificate: whoever
   * bears it without that certificate's key is refused everywhere. `N_A` for what is presented to nobody as an access token.
   */
  readonly token_type: "DPoP" | "Bearer" | "N_A";
  readonly expires_in: number;
  readonly issued_token_type?: string;
  readonly authorization_details?: AccessTokenClaims["authorization_details"];
  /** Only where a person is there. */
  readonly refresh_token?: string;
}

/**
 * Mints an access token, as part of the change in which it was decided: the approvals reserved for it, its
 * record and its event, guarded by everything that it rests on. It leaves when that has been committed.
 * @throws Fault `gone` when what it rests on ends within the second; `denied` where some of it is blocked;
 *   `invalid-authorization-details` for more than a token can say
 * @see RFC 9068 §2
 */
export async function mint(
  deps: OauthDeps,
  change: Change,
  client: BoundClient,
  mandate: Mandate,
): Promise<TokenResponse> {
  const signer = deps.keys.signer("token");
  const claims = await claimsOf(deps, client, mandate, signer.kid);
  guard(deps, change, client, mandate, claims.rev);
  const expires = claims.exp * 1000;
  const jti = claims.jti as Id<"jti">;
  for (const { allow } of mandate.granted) {
    if (allow.approval !== undefined) reserve(deps, change, allow.approval, { jti, expires });
  }
  insertToken(change, issuedToken(claims, client, mandate));
  if (claims.status !== undefined) takePlace(change, claims.status, claims);
  append(
    change,
    tokenIssued(deps, client.caller, aboutOf(client, mandate), issuedBody(deps, change, claims, mandate)),
  );
  const told = released(claims, mandate.release);
  return answerOf(
    claims,
    mandate,
    issuable(() => issueAccessToken(told, signer)),
  );
}

/** What the token rests on must still hold at its commit. */
export function guard(
  deps: OauthDeps,
  change: Change,
  client: BoundClient,
  mandate: Mandate,
  rev: string[],
): void {
  const { principal } = client;
  if (principal.kind === "agent") requireActiveAgent(deps, change, principal.agent);
  else requireActiveService(change, principal.service);
  if (mandate.chain !== undefined) {
    for (const agent of mandate.chain.agents) requireActiveAgent(deps, change, agent);
    requireChain(change, mandate.chain);
  }
  requireAlive(change, rev);
}

async function claimsOf(
  deps: OauthDeps,
  client: BoundClient,
  mandate: Mandate,
  kid: string,
): Promise<AccessTokenClaims> {
  const { chain, granted } = mandate;
  const jti = newId(deps, "jti");
  const [first] = granted;
  const { iat, exp } = lifetime(deps, client, mandate);
  const approvals = granted.flatMap(({ allow }) => allow.approval ?? []);
  return {
    iss: deps.issuer,
    sub: chain === undefined ? client.instance.id : subjectOf(deps, chain),
    aud: mandate.audience,
    client_id: client.instance.id,
    iat,
    exp,
    jti,
    cnf: client.binding.cnf,
    authorization_details: granted.length === 0 ? [toAsk(deps.issuer)] : granted.map(({ grant }) => grant),
    rev: [...(await revocationKeys(deps, jti, client, mandate)), `kid:${kid}`],
    strength: client.instance.strength,
    instance: client.instance.id,
    // What is for ourselves we judge ourselves, by what is dead now.
    ...(mandate.audience === deps.issuer ? {} : { status: drawPlace(deps, exp) }),
    ...agentClaims(client),
    ...(await evidenceClaims(deps, client.instance)),
    ...(chain === undefined ? {} : chainClaims(deps, chain)),
    ...(first === undefined
      ? {}
      : { decision: first.allow.decision, policy_version: first.allow.policyVersion }),
    ...(approvals[0] === undefined ? {} : { approval: approvals[0] }),
    ...(granted.some(({ perCall }) => perCall === true) ? { per_call: true } : {}),
    ...(mandate.warrant === undefined ? {} : { wrt: mandate.warrant.reference }),
  };
}

/** A token for Countersign itself lets its holder ask in its own name; what it is answered, each verb decides. */
const toAsk = (issuer: string): Grant => ({
  type: "scope",
  locations: [issuer],
  actions: ["ask"],
  identifier: "countersign",
});

/** No token outlives what it rests on; whole seconds, rounded down. */
export function lifetime(
  deps: OauthDeps,
  client: BoundClient,
  mandate: Mandate,
): { iat: number; exp: number } {
  const now = deps.clock.now();
  const { principal, instance } = client;
  const agents = [...(mandate.chain?.agents ?? []), ...(principal.kind === "agent" ? [principal.agent] : [])];
  const ends = [
    now + mandate.lifetime,
    instance.expires,
    client.binding.expires ?? Number.POSITIVE_INFINITY,
    ...(mandate.chain === undefined ? [] : [expiryOf(mandate.chain)]),
    ...(mandate.warrant === undefined ? [] : [mandate.warrant.expires]),
    ...agents.map(endOf),
  ];
  const [iat, exp] = [inSeconds(now), inSeconds(Math.min(...ends))];
  if (exp > iat) return { iat, exp };
  throw new Fault("gone", "What this token would rest on is about to expire.", {
    remedy: "Ask for a new delegation.",
  });
}

function agentClaims({ principal }: BoundClient): Partial<AccessTokenClaims> {
  if (principal.kind === "service") return {};
  const { name, class: agent_class, environment, region, version, model } = principal.agent;
  return {
    agent: name,
    agent_class,
    environment,
    ...(region === undefined ? {} : { region }),
    ...(version === undefined ? {} : { agent_version: version }),
    ...(model === undefined ? {} : { model }),
  };
}

function chainClaims(deps: OauthDeps, chain: LivingChain): Partial<AccessTokenClaims> {
  return {
    act: actOf(deps.issuer, agentsOf(chain)),
    task: chain.task.id,
    purpose: chain.task.purpose,
    chain: chain.links.map(({ edge, to }) => ({ edge, agent: to })),
    chain_hash: chain.hash,
    ...signInClaims(chain),
  };
}

/**
 * How and when the person proved herself: by the passkey that signed her consent, or, where it was not here, in
 * the words of the company's sign-in.
 */
export function signInClaims({
  principal,
  task: { signIn },
  consentedAt,
}: LivingChain): Partial<AccessTokenClaims> {
  if (principal === undefined) return {};
  if (signIn === undefined) return { acr: passkeyAcr, auth_time: inSeconds(consentedAt) };
  return {
    ...(signIn.acr === undefined ? {} : { acr: signIn.acr }),
    ...(signIn.authTime === undefined ? {} : { auth_time: signIn.authTime }),
  };
}

/** The one who acts outermost, those before inside. For information: decisions use our own records. */
export function actOf(iss: string, agents: readonly string[]): Act {
  const [first = "", ...rest] = agents;
  return rest.reduce<Act>((inner, sub) => ({ iss, sub, act: inner }), { iss, sub: first });
}

/** What is kept of it, for whoever has its uses counted. */
const issuedToken = (
  claims: AccessTokenClaims,
  client: BoundClient,
  { chain, granted, standing }: Mandate,
): IssuedToken => ({
  jti: claims.jti as Id<"jti">,
  instance: claims.client_id,
  strength: claims.strength,
  audience: claims.aud,
  rev: claims.rev,
  granted: [...granted],
  issued: claims.iat * 1000,
  expires: claims.exp * 1000,
  ...(client.principal.kind === "agent" ? { agent: client.principal.agent.name } : {}),
  ...(chain === undefined ? {} : { task: chain.task.id, edge: leafOf(chain).edge }),
  ...(standing === undefined ? {} : { standing: standing.head.version }),
});

export const aboutOf = (client: BoundClient, { chain }: Mandate) => ({
  ...(chain === undefined ? {} : { task: chain.task.id, person: chain.person }),
  ...(client.principal.kind === "agent" ? { agent: client.principal.agent.name } : {}),
});

const answerOf = (claims: AccessTokenClaims, mandate: Mandate, token: string): TokenResponse => ({
  access_token: token,
  token_type: claims.cnf.jkt === undefined ? "Bearer" : "DPoP",
  expires_in: claims.exp - claims.iat,
  ...(mandate.issuedTokenType === undefined ? {} : { issued_token_type: mandate.issuedTokenType }),
  ...(mandate.granted.length === 0 ? {} : { authorization_details: claims.authorization_details }),
});
