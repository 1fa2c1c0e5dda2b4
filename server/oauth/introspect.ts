import { issueIntrospection } from "@countersign/proof/introspection";
import {
  type AccessTokenClaims,
  humanPrincipal,
  signedJti,
  verifyAccessToken,
} from "@countersign/proof/token";
import { perform, recordRefusal } from "../audit/index.ts";
import { chainOf } from "../delegation/index.ts";
import type { RawRequest } from "../http/index.ts";
import { type Caller, Fault, inSeconds, isFailure } from "../lib/index.ts";
import { findInstance, findService, isLive } from "../registry/index.ts";
import { deadAmong } from "../revocation/index.ts";
import { attemptedOn } from "./about-token.ts";
import { activeClient, authenticateClient } from "./client-authentication.ts";
import { keySetOf, type OauthDeps } from "./oauth-deps.ts";
import { burnProof } from "./one-time-proof.ts";
import { type Form, parameter } from "./parameters.ts";
import { released, releaseFor } from "./release.ts";
import { signedBy } from "./signed-by.ts";
import { findToken, type IssuedToken } from "./store.ts";
import { countsOf } from "./store-uses.ts";

/** What is said of a token. Of one that does not hold, or is not the asker's to ask about, nothing else. */
export type Introspection = { active: false } | ({ active: true } & ActiveMembers);

type ActiveMembers = Partial<AccessTokenClaims> & {
  token_type: "DPoP" | "Bearer";
  /** The person for whom it is done; absent when the agent acts on its own. */
  human_principal?: string;
  /** How often counted grants have been used, by their place in `authorization_details`. */
  uses?: { grant: number; used: number; of: number }[];
};

/** An answer, and whom it is for. */
export interface Introspected {
  readonly asker: string;
  readonly answer: Introspection;
}

const INACTIVE: Introspection = { active: false };

/**
 * Says whether a token holds now, and what it is worth: to the services whose resource it is for, and to the
 * client that holds it. What its audience may not be told is told to nobody here.
 * @param source who sent the request, authenticated or not; a client may authenticate in the form instead
 * @throws Fault `invalid-client`, `invalid-request`, `forbidden` when its agent or service is not active
 * @see RFC 7662 §2
 */
export async function introspect(
  deps: OauthDeps,
  source: Caller,
  input: { form: Form; request?: RawRequest },
): Promise<Introspected> {
  const caller = await askerOf(deps, source, input);
  const attackerToken = parameter(input.form, "token");
  return { asker: caller.instance ?? caller.principal, answer: await judge(deps, caller, attackerToken) };
}

/** The same, signed for the one who asked. @see RFC 9701 §5 */
export function signIntrospection(deps: OauthDeps, { asker, answer }: Introspected): string {
  const said = { iss: deps.issuer, aud: asker, iat: inSeconds(deps.clock.now()) };
  return issueIntrospection({ ...said, answer: answer as never }, deps.keys.signer("token"));
}

/** Once: by the request itself, as everywhere at our own API, or by what a client sends to the token endpoint. */
async function askerOf(
  deps: OauthDeps,
  source: Caller,
  { form, request }: { form: Form; request?: RawRequest },
): Promise<Caller> {
  const known = source.kind === "service" || source.kind === "agent";
  if (known && form.client_assertion === undefined) return source;
  if (source.kind !== "nobody") {
    throw new Fault("invalid-request", "A client authenticates itself in one way.", {
      remedy: "Send either a client assertion, or an access token with its proof.",
    });
  }
  const proven = await authenticateClient(deps, source, form, request);
  return perform(deps, proven.caller, "token.introspect", async (change) => {
    await burnProof(deps, change, ...proven.once);
    return (await activeClient(deps, proven)).caller;
  });
}

async function judge(deps: OauthDeps, caller: Caller, attackerToken: string): Promise<Introspection> {
  const jti = signedJti(attackerToken, keySetOf(deps.keys, "token"));
  const token = jti === undefined ? undefined : await findToken(deps.database, jti);
  if (token === undefined) return INACTIVE;
  if (!(await mayAsk(deps, caller, token))) {
    await recordRefusal(deps, caller, "token.introspect", notTheirs(token));
    return INACTIVE;
  }
  const claims = verified(deps, attackerToken, token);
  if (claims === undefined || !(await isAlive(deps, token, attackerToken))) return INACTIVE;
  const uses = await usesOf(deps, token);
  if (uses.length === token.granted.length && uses.length > 0 && uses.every(({ used, of }) => used >= of))
    return INACTIVE;
  const human = humanPrincipal(claims.sub);
  return {
    active: true,
    token_type: claims.cnf.jkt === undefined ? "Bearer" : "DPoP",
    ...released(claims, await releaseFor(deps, token.audience)),
    ...(human === undefined ? {} : { human_principal: human }),
    ...(uses.length === 0 ? {} : { uses }),
  };
}

async function mayAsk(deps: OauthDeps, caller: Caller, token: IssuedToken): Promise<boolean> {
  if (caller.instance !== undefined && caller.instance === token.instance) return true;
  const service = caller.kind === "service" ? await findService(deps, caller.principal) : undefined;
  return service?.resources.includes(token.audience) === true;
}

function verified(
  deps: OauthDeps,
  attackerToken: string,
  { audience }: IssuedToken,
): AccessTokenClaims | undefined {
  const { issuer, clock } = deps;
  try {
    const keys = keySetOf(deps.keys, "token");
    return verifyAccessToken(attackerToken, { issuer, audience, keys, now: clock.now() });
  } catch {
    return undefined;
  }
}

/** Judged now, from our own records: what kills it, the copy that holds it, the chain that it rests on. */
async function isAlive(deps: OauthDeps, token: IssuedToken, verifiedToken: string): Promise<boolean> {
  const [instance, dead] = await Promise.all([
    findInstance(deps, token.instance),
    deadAmong(deps, [...token.rev, signedBy(verifiedToken)]),
  ]);
  if (dead.length > 0 || instance === undefined || !isLive(instance, deps.clock.now())) return false;
  try {
    if (token.edge !== undefined) await chainOf(deps, token.edge);
    return true;
  } catch (fault) {
    if (fault instanceof Fault && !isFailure(fault.code)) return false;
    throw fault;
  }
}

async function usesOf(deps: OauthDeps, { jti }: IssuedToken) {
  const counts = await countsOf(deps.database, jti);
  return counts.map(({ position, used, most }) => ({ grant: position, used, of: most }));
}

const notTheirs = (token: IssuedToken): Fault =>
  new Fault("forbidden", "The token is neither for a resource of the asker nor its own.", {
    record: { ...attemptedOn(token), audience: token.audience },
  });
