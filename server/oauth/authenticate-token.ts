import { type AccessTokenClaims, verifyAccessToken } from "@countersign/proof/token";
import { Change } from "../database/index.ts";
import type { RawRequest } from "../http/index.ts";
import { type Caller, Fault, seconds } from "../lib/index.ts";
import { findInstance, isLive } from "../registry/index.ts";
import { deadAmong, isVouching } from "../revocation/index.ts";
import { provePossession } from "./dpop.ts";
import { keySetOf, type OauthDeps } from "./oauth-deps.ts";
import { burnProof, type OneTimeProof } from "./one-time-proof.ts";
import { signedBy } from "./signed-by.ts";

/**
 * Authenticates an agent or a service at Countersign's own API, by its own access token and by what that is bound
 * to: a DPoP proof, which counts once, or the certificate of the connection. A delegated token is for the resource
 * that it names and opens nothing here.
 * @throws Fault `unauthenticated`, always in the same words; `invalid-dpop-proof`
 * @see RFC 9449 §7.1, RFC 8705 §3
 */
export async function authenticateToken(deps: OauthDeps, request: RawRequest): Promise<Caller> {
  const { scheme, attackerToken } = tokenOf(request);
  const claims = verified(deps, attackerToken);
  const proof =
    scheme === "dpop" ? byDpop(deps, request, attackerToken, claims) : byCertificate(request, claims);
  const caller = await livingCaller(deps, attackerToken, claims, request);
  if (proof !== undefined) await burnAlone(deps, proof);
  return caller;
}

function tokenOf(request: RawRequest): { scheme: "dpop" | "bearer"; attackerToken: string } {
  const { authorization } = request.headers;
  const found =
    typeof authorization === "string" ? /^(dpop|bearer) ([\x21-\x7e]+)$/i.exec(authorization) : null;
  const [, scheme, attackerToken] = found ?? [];
  if (attackerToken === undefined) throw notProven();
  return { scheme: scheme?.toLowerCase() === "dpop" ? "dpop" : "bearer", attackerToken };
}

/** A token that is bound to a certificate has no key that a proof could be by. */
function byDpop(
  deps: OauthDeps,
  request: RawRequest,
  accessToken: string,
  { cnf }: AccessTokenClaims,
): OneTimeProof {
  if (cnf.jkt === undefined) throw notProven();
  return provePossession(deps, request, { accessToken, expectedJkt: cnf.jkt });
}

/** The connection must be that of the very certificate; nobody who bears the token without it comes in. */
function byCertificate({ peer, headers }: RawRequest, { cnf }: AccessTokenClaims): undefined {
  const certificate = cnf["x5t#S256"];
  if (certificate === undefined || certificate !== peer?.certificate || headers.dpop !== undefined)
    throw notProven();
}

function verified(deps: OauthDeps, attackerToken: string): AccessTokenClaims {
  try {
    return verifyAccessToken(attackerToken, {
      issuer: deps.issuer,
      audience: deps.issuer,
      keys: keySetOf(deps.keys, "token"),
      now: deps.clock.now(),
    });
  } catch (cause) {
    throw notProven(cause);
  }
}

async function livingCaller(
  deps: OauthDeps,
  token: string,
  claims: AccessTokenClaims,
  request: RawRequest,
): Promise<Caller> {
  const own = claims.sub === claims.client_id && claims.act === undefined;
  const keys = [...claims.rev, signedBy(token)];
  const [instance, dead] = await Promise.all([findInstance(deps, claims.client_id), deadAmong(deps, keys)]);
  if (!own || dead.length > 0 || instance === undefined || !isLive(instance, deps.clock.now())) {
    throw notProven();
  }
  return {
    principal: instance.principal,
    kind: instance.kind,
    strength: claims.strength,
    via: "access-token",
    roles: [],
    instance: instance.id,
    rests: restsOf(token, claims),
    credential: { keys, expires: seconds(claims.exp) },
    ...(claims.cnf.jkt === undefined ? {} : { keyThumbprint: claims.cnf.jkt }),
    source: request.source,
  };
}

/**
 * What a token rests on besides its copy: whoever vouches for that, our authority's key where it was an SVID of
 * ours, and the key that signed, as the verified header names it and not as the token says. What its bearer lets exist dies with them.
 */
function restsOf(token: string, { rev, client_id: itself }: AccessTokenClaims): string[] {
  const vouched = rev.filter((key) => isVouching(key) && key !== `instance:${itself}`);
  return [...new Set([...vouched, signedBy(token)])];
}

/**
 * Proves that whoever sends a request to our own API holds this key, with a proof that counts once and comes
 * without a token.
 * @throws Fault `invalid-dpop-proof`; `use-dpop-nonce` when it needs a newer nonce of ours
 */
export const proveKey = (deps: OauthDeps, request: RawRequest, expectedJkt: string): Promise<void> =>
  burnAlone(deps, provePossession(deps, request, { expectedJkt }));

/** A request that only reads has no change of its own for the proof to be used up in. */
async function burnAlone(deps: OauthDeps, proof: OneTimeProof): Promise<void> {
  const change = new Change(deps.database);
  await burnProof(deps, change, proof);
  await deps.database.commit(change);
}

const notProven = (cause?: unknown): Fault =>
  new Fault("unauthenticated", "The access token does not hold here.", {
    remedy:
      "Ask the token endpoint for a token without a resource, and send it with a DPoP proof, or over the connection of the certificate that it is bound to.",
    cause,
  });
