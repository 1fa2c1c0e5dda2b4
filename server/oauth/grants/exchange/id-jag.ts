import { delegationTokenType } from "@countersign/proof/delegation-token";
import { type Grant, uncovered } from "@countersign/proof/grant";
import type { JsonObject } from "@countersign/proof/jcs";
import { requireReadable, signCompact } from "@countersign/proof/jws";
import { type AccessTokenClaims, signedJti, verifyAccessToken } from "@countersign/proof/token";
import { append } from "../../../audit/index.ts";
import type { Change } from "../../../database/index.ts";
import {
  agentsOf,
  expiryOf,
  leafOf,
  type PersonalChain,
  requirePersonal,
} from "../../../delegation/index.ts";
import { Fault, minutes, newId, seconds } from "../../../lib/index.ts";
import type { Agent } from "../../../registry/index.ts";
import { deadAmong, requireAlive } from "../../../revocation/index.ts";
import { agentOf, type BoundClient, keyHeldBy } from "../../client.ts";
import { subjectFor } from "../../define-partner.ts";
import { assertionIssued } from "../../events.ts";
import { ID_JAG_TYP } from "../../id-jag.ts";
import { issuable } from "../../issuable.ts";
import { factOf } from "../../issued.ts";
import type { Granted, Mandate } from "../../mandate.ts";
import { aboutOf, actOf, guard, lifetime, signInClaims, type TokenResponse } from "../../mint.ts";
import { keySetOf, type OauthDeps } from "../../oauth-deps.ts";
import { authorizationDetailsOf, type Form, lifetimeOf, parameter, resourceOf } from "../../parameters.ts";
import type { Partner } from "../../partner.ts";
import { released } from "../../release.ts";
import { requestedWithin } from "../../requested.ts";
import { delegatedResource, type KnownResource } from "../../resource.ts";
import { revocationKeys } from "../../revocation-keys.ts";
import { signedBy } from "../../signed-by.ts";
import { findToken } from "../../store.ts";
import { findPartner, requirePartner } from "../../store-partners.ts";
import { decideWithinTask } from "../../within-task.ts";
import { type Exchange, requestedType } from "./exchange.ts";
import { chainOfTicket, livingChain } from "./ticket.ts";
import { ACCESS_TOKEN, ID_JAG } from "./token-types.ts";

/** It is carried to the other domain and used up there, now. */
const LONGEST = minutes(5);

/**
 * An agent asks for our word to another domain's authorization server: this person has delegated this to it.
 * Decided like a token; bound to the agent's key; under the name by which she is known there.
 * @see draft-ietf-oauth-identity-assertion-authz-grant §4, RFC 8693 §2
 */
export const exchangeForIdJag: Exchange = {
  takes: (form) =>
    requestedType(form) === ID_JAG &&
    (form.subject_token_type === delegationTokenType || form.subject_token_type === ACCESS_TOKEN),
  async handle(deps, change, client, form) {
    const agent = agentOf(client);
    const { partner, clientId } = await partnerFor(deps, parameter(form, "audience"), agent);
    const resource = await resourceOfPartner(deps, partner, form);
    const { chain, most, until } = await whatIsCarried(deps, change, client, agent, form);
    const limits = [most ?? leafOf(chain).grants, leafOf(chain).grants];
    const grants = requestedWithin(limits, authorizationDetailsOf(form), resource);
    if (most !== undefined) requireWithin(most, grants);
    const { caller } = client;
    const { granted } = await decideWithinTask(deps, change, client, { agent, chain, resource }, grants);
    requireUncounted(partner, granted, chain);
    requirePartner(change, partner);
    const sub = await subjectFor(deps, change, caller, partner, chain.person);
    const lasts = Math.min(lifetimeOf(form), LONGEST, until - deps.clock.now());
    const { location: audience, release } = resource;
    const mandate = { audience, release, granted, chain, lifetime: lasts };
    return sign(deps, change, client, { mandate, partner, clientId, sub });
  },
};

async function partnerFor(
  deps: OauthDeps,
  attackerAudience: string,
  agent: Agent,
): Promise<{ partner: Partner; clientId: string }> {
  const partner = await findPartner(deps.database, { audience: attackerAudience });
  const known = partner?.clients.find((each) => each.agent === agent.name);
  if (partner?.state === "active" && known !== undefined) return { partner, clientId: known.client_id };
  throw new Fault("invalid-target", "This agent carries no assertions there.", {
    remedy: "Name an audience that an administrator has defined for this agent.",
  });
}

async function resourceOfPartner(deps: OauthDeps, partner: Partner, form: Form): Promise<KnownResource> {
  const asked = resourceOf(form) ?? parameter(form, "resource");
  if (partner.resources.includes(asked)) return delegatedResource(deps, asked);
  throw new Fault("invalid-target", "This resource is not one of that audience's.", {
    remedy: "Name a resource that an administrator has defined for it.",
  });
}

/** By whose authority: a delegation to this agent, or a token of this very client that one was exchanged for. */
async function whatIsCarried(
  deps: OauthDeps,
  change: Change,
  client: BoundClient,
  agent: Agent,
  form: Form,
): Promise<{ chain: PersonalChain; most?: readonly Grant[]; until: number }> {
  if (form.subject_token_type === delegationTokenType) {
    const chain = requirePersonal(await chainOfTicket(deps, client, agent, form));
    return { chain, until: expiryOf(chain) };
  }
  if (form.actor_token !== undefined || form.actor_token_type !== undefined) throw bad();
  const attackerToken = parameter(form, "subject_token");
  const keys = keySetOf(deps.keys, "token");
  const stored = await findToken(deps.database, signedJti(attackerToken, keys) ?? "");
  if (stored?.edge === undefined) throw bad();
  const claims = ownToken(deps, attackerToken, stored.audience);
  if (claims.client_id !== client.instance.id || claims.cnf.jkt !== keyHeldBy(client)) throw bad();
  const ends = [...claims.rev, signedBy(attackerToken)];
  if ((await deadAmong(deps, ends)).length > 0) throw bad();
  requireAlive(change, ends);
  const chain = requirePersonal(await livingChain(deps, stored.edge));
  return { chain, most: claims.authorization_details, until: seconds(claims.exp) };
}

function ownToken(deps: OauthDeps, attackerToken: string, audience: string): AccessTokenClaims {
  try {
    const expected = { issuer: deps.issuer, audience, keys: keySetOf(deps.keys, "token") };
    return verifyAccessToken(attackerToken, { ...expected, now: deps.clock.now() });
  } catch (cause) {
    throw bad(cause);
  }
}

function requireWithin(most: readonly Grant[], grants: readonly Grant[]): void {
  if (uncovered(most, grants).length === 0) return;
  throw new Fault("access-denied", "The token does not cover this.", {
    remedy: "Ask for what it gives, or bring the delegation.",
  });
}

/** Nobody tells us what is called there: what has to be counted, approved or known about cannot go. */
function requireUncounted(
  { unseen_calls }: Partner,
  granted: readonly Granted[],
  { task }: PersonalChain,
): void {
  const counted = granted.some(
    ({ grant, allow, perCall }) =>
      allow.approval !== undefined ||
      grant.max_uses !== undefined ||
      grant.approval !== undefined ||
      grant.acr !== undefined ||
      (perCall === true && unseen_calls === "refused"),
  );
  // A plan is the person's own word about what is called, whatever an administrator says of calls that go unseen.
  if (!counted && task.plan === undefined) return;
  throw new Fault(
    "access-denied",
    "What is counted, approved or judged at each call cannot leave this domain.",
    {
      remedy:
        "Call it where Countersign is asked, or have an administrator say that calls there may go unseen.",
    },
  );
}

interface Carried {
  readonly mandate: Mandate & { readonly chain: PersonalChain };
  readonly partner: Partner;
  readonly clientId: string;
  readonly sub: string;
}

async function sign(
  deps: OauthDeps,
  change: Change,
  client: BoundClient,
  carried: Carried,
): Promise<TokenResponse> {
  const { mandate, partner, clientId } = carried;
  const { chain, granted } = mandate;
  const jti = newId(deps, "jti");
  const { kid, key } = deps.keys.signer("token");
  const rests = await revocationKeys(deps, jti, client, mandate);
  guard(deps, change, client, mandate, [...rests, `kid:${kid}`]);
  const { iat, exp } = lifetime(deps, client, mandate);
  const grants = granted.map(({ grant }) => grant);
  append(
    change,
    assertionIssued(deps, client.caller, aboutOf(client, mandate), {
      jti,
      partner: partner.name,
      audience: partner.audience,
      resource: mandate.audience,
      client: client.instance.id,
      client_id: clientId,
      key: keyHeldBy(client),
      expires: exp,
      granted: granted.map((each) => factOf(deps, change, each, mandate)),
      edge: leafOf(chain).edge,
      chain: agentsOf(chain),
      chain_hash: chain.hash,
      consent: chain.consent,
    }),
  );
  const payload = claimsOf(deps, client, carried, { jti, iat, exp });
  return {
    access_token: issuable(() =>
      requireReadable(signCompact({ header: { typ: ID_JAG_TYP, kid }, payload, key })),
    ),
    issued_token_type: ID_JAG,
    token_type: "N_A",
    expires_in: exp - iat,
    authorization_details: grants,
  };
}

const claimsOf = (
  deps: OauthDeps,
  client: BoundClient,
  { mandate: { chain, granted, audience, release }, partner, clientId, sub }: Carried,
  when: { readonly jti: string; readonly iat: number; readonly exp: number },
): JsonObject => ({
  iss: deps.issuer,
  sub,
  aud: partner.audience,
  client_id: clientId,
  ...when,
  cnf: { jkt: keyHeldBy(client) },
  ...(released({ act: actOf(deps.issuer, agentsOf(chain)) }, release) as JsonObject),
  resource: audience,
  authorization_details: granted.map(({ grant }) => grant) as unknown as JsonObject[],
  ...(signInClaims(chain) as JsonObject),
});

const bad = (cause?: unknown): Fault =>
  new Fault("invalid-request", "The subject_token does not hold, or does not belong to this client.", {
    remedy: "Send the ticket of a delegation with your own token, or a delegated token of your own.",
    cause,
  });
