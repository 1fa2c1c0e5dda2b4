import type { JsonObject } from "@countersign/proof/jcs";
import { Fault, seconds } from "../../lib/index.ts";
import { type KeySource, verifyProviderAssertion } from "../../login/index.ts";
import { requireOnlyAudience } from "./audience.ts";
import { type PeekedToken, peekToken } from "./peek-token.ts";
import type { PlatformDeps } from "./platform-deps.ts";
import { type Reason, refused } from "./refused.ts";

/** By what tokens may be signed. Never `none`, and nothing that shares a secret. */
export const TOKEN_ALGORITHMS = ["ES256", "ES384", "EdDSA", "RS256", "PS256"] as const;

/** Clocks differ: for what begins, never for what ends. */
const SKEW = seconds(30);

/** Whose tokens, made for whom. */
export interface TokenSource extends KeySource {
  readonly algorithms: readonly string[];
  /** Exactly this one. */
  readonly audience: string;
  /** The longest life of a token that is taken, in milliseconds. */
  readonly longest: number;
}

/** A token that its issuer has signed for us, at this moment. What else it says is for the caller to judge. */
export interface ForeignToken {
  readonly claims: JsonObject;
  /** Milliseconds since the epoch, both. */
  readonly issued: number;
  readonly expires: number;
}

/** In place of its signature, or besides where keys are given: somebody who knows says that the token holds. @throws Fault */
export type Vouching = (peeked: PeekedToken) => Promise<void>;

/**
 * Verifies a token of a platform: the issuer exactly, an algorithm that is taken, the signature, one audience,
 * its time, and a life no longer than honest ones have.
 * @param vouching in place of the signature, where the issuer itself is asked; after it, where keys are given as
 *   well, so that strangers' tokens are asked about no further
 * @throws Fault `unauthenticated` with its reason; `unavailable` when the keys cannot be had
 * @see RFC 8725, RFC 7519 §4.1
 */
export async function verifyForeignToken(
  deps: PlatformDeps,
  source: TokenSource,
  attackerToken: string,
  vouching?: Vouching,
): Promise<ForeignToken> {
  const peeked = peekToken(attackerToken);
  requireIssuer(source, peeked);
  if (vouching === undefined || hasKeys(source)) await requireSigned(deps, source, attackerToken, peeked);
  requireOnlyAudience(source.audience, peeked.attackerClaims.aud);
  const times = requireTimely(peeked.attackerClaims, source.longest, deps.clock.now());
  await vouching?.(peeked);
  return { claims: peeked.attackerClaims, ...times };
}

const hasKeys = ({ jwks, jwks_uri }: TokenSource): boolean => jwks !== undefined || jwks_uri !== undefined;

function requireIssuer({ issuer }: TokenSource, { attackerClaims: { iss } }: PeekedToken): void {
  if (iss === issuer) return;
  if (iss === "kubernetes/serviceaccount")
    throw refused("legacy-token", "Tokens from secrets of service accounts are not taken: they never end.", {
      remedy: "Project a token into the pod, for this server's audience.",
    });
  throw refused("wrong-issuer", "The token is another issuer's.");
}

async function requireSigned(
  deps: PlatformDeps,
  source: TokenSource,
  attackerToken: string,
  { attackerHeader }: PeekedToken,
): Promise<void> {
  const { alg } = attackerHeader;
  if (typeof alg !== "string" || !source.algorithms.includes(alg))
    throw refused("algorithm-not-taken", "The token is signed in a way that is not taken, or not at all.");
  try {
    await verifyProviderAssertion(deps.providerKeys, source, attackerToken, "JWT", "jwt", undefined);
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw refused(reasonOf(cause), "The token's signature does not hold.", { cause });
  }
}

/** What the library that verifies calls what it refuses. */
const REASONS: ReadonlyMap<unknown, Reason> = new Map([
  ["ERR_JWKS_NO_MATCHING_KEY", "unknown-key"],
  ["ERR_JWS_SIGNATURE_VERIFICATION_FAILED", "bad-signature"],
]);

const reasonOf = (cause: unknown): Reason =>
  REASONS.get((cause as { code?: unknown } | undefined)?.code) ?? "malformed";

function requireTimely(
  claims: JsonObject,
  longest: number,
  now: number,
): Pick<ForeignToken, "issued" | "expires"> {
  const [iat, exp] = [instantIn(claims, "iat"), instantIn(claims, "exp")];
  const nbf = Object.hasOwn(claims, "nbf") ? instantIn(claims, "nbf") : iat;
  if (exp <= now) throw refused("expired", "The token has expired.", { remedy: "Fetch a new one." });
  if (Math.max(iat, nbf) > now + SKEW) throw refused("not-yet-valid", "The token is not valid yet.");
  if (exp - iat > longest)
    throw refused("lives-too-long", "The token lives longer than this platform's may.", {
      remedy: "Ask the platform for a short-lived one.",
      record: { seconds: (exp - iat) / 1000 },
    });
  return { issued: iat, expires: exp };
}

function instantIn(claims: JsonObject, name: string): number {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value > 0 && value < 1e12)
    return seconds(value);
  throw refused("claims-missing", `The token does not say ${name}.`);
}
