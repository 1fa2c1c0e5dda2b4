import type { Json, JsonObject } from "../jcs/index.ts";
import type { Algorithm } from "../jwk/jwk.ts";
import { claimsOf, requireAudience, requireIssuer } from "../jws/claims.ts";
import type { JwsHeader } from "../jws/header.ts";
import { requireAlive } from "../jws/lifetime.ts";
import { VerificationError } from "../verification-error.ts";
import { type AccessTokenClaims, parseAccessTokenClaims } from "./claims.ts";

/** What every access token is, whoever verifies it. */
export const accessTokenForm: { typ: string; algs: readonly Algorithm[] } = {
  typ: "at+jwt",
  algs: ["ES256", "EdDSA"],
};

/** What a resource expects of an access token, beside the issuer's keys. */
export type AccessTokenExpectation = {
  issuer: string;
  audience: string;
  /** Milliseconds since 1970. */
  now: number;
  /** Whether any of these revocation keys is dead: those of the token, and `kid:` of the key that signed it. */
  isDead?: ((rev: string[]) => boolean) | undefined;
};

/** The claims of a token whose signature has held, the key that signed it, and what they say if it was read before. */
export type SignedClaims = { claims: JsonObject; kid: string | undefined; token?: AccessTokenClaims };

/** What a verified signature gives. */
export const signedClaims = ({ header, payload }: { header: JwsHeader; payload: Json }): SignedClaims => ({
  claims: claimsOf(payload),
  kid: header.kid,
});

/** Judges what a token says, once its signature has held. Both halves of this package judge with it. */
export function judgeAccessToken(
  { claims, kid, token: read }: SignedClaims,
  expected: AccessTokenExpectation,
): AccessTokenClaims {
  requireIssuer(claims, expected.issuer);
  requireAudience(claims, expected.audience);
  requireAlive(claims, expected.now);
  const token = read ?? parseAccessTokenClaims(claims);
  if (expected.isDead?.([...token.rev, keyOf(kid)]))
    throw new VerificationError("dead", "the token has been revoked");
  return token;
}

/** A key that was withdrawn takes with it whatever it signed, before any cache of keys has run out. */
const keyOf = (kid: string | undefined): string => `kid:${kid}`;

/** Finds a key of a set by the header's `kid`. */
export const byKid =
  <Key>(keys: ReadonlyMap<string, Key>) =>
  ({ kid }: JwsHeader): Key | undefined =>
    kid === undefined ? undefined : keys.get(kid);
