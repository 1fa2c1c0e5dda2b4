import type { KeyObject } from "node:crypto";
import { decodeBase64url } from "../digest/index.ts";
import { isJsonObject, parseStrict } from "../jcs/index.ts";
import type { Algorithm } from "../jwk/index.ts";
import {
  claimsOf,
  clockSkewSeconds,
  defaultMaxLength,
  type JwsHeader,
  requireAlive,
  requireAudience,
  requiredJti,
  requiredText,
  requireIssuer,
  signCompact,
  verifyCompact,
} from "../jws/index.ts";
import { orRefuse, VerificationError } from "../verification-error.ts";

/** `client_assertion_type` of a signed JWT. */
export const clientAssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

const typ = "client-authentication+jwt";
const longestLifeSeconds = 60;
const algs: readonly Algorithm[] = ["ES256", "EdDSA", "RS256"];

/**
 * Makes a client assertion: that the client asks this issuer, now. Good for 60 seconds and one request.
 *
 * @param input.issuer the issuer identifier of the authorization server, never an endpoint's URL
 * @param input.now milliseconds since 1970
 * @param input.jti unique per assertion, 1 to 128 printable ASCII characters
 * @see RFC 7523 §2.2, draft-ietf-oauth-rfc7523bis
 */
export function createClientAssertion(input: {
  clientId: string;
  issuer: string;
  key: KeyObject;
  kid?: string;
  now: number;
  jti: string;
}): string {
  const iat = Math.floor(input.now / 1000);
  return signCompact({
    header: input.kid === undefined ? { typ } : { typ, kid: input.kid },
    payload: {
      iss: input.clientId,
      sub: input.clientId,
      aud: input.issuer,
      iat,
      exp: iat + longestLifeSeconds,
      jti: input.jti,
    },
    key: input.key,
  });
}

/**
 * Who an assertion claims to be from. Nothing has been verified: good for looking up a key, and for nothing
 * else.
 *
 * @throws VerificationError `malformed`, `not-canonical`, `too-large`, `missing-claim`
 */
export function peekClientId(attackerAssertion: string): string {
  if (attackerAssertion.length > defaultMaxLength)
    throw new VerificationError("too-large", "the JWS is too long");
  const encoded = attackerAssertion.split(".", 2)[1] ?? "";
  const bytes = orRefuse("not-canonical", "the payload", () => decodeBase64url(encoded));
  const payload = orRefuse("malformed", "the payload", () => parseStrict(bytes));
  if (!isJsonObject(payload)) throw new VerificationError("malformed", "the claims must be an object");
  return requiredText(payload, "sub");
}

/**
 * Verifies a client assertion for the client whose key was looked up. It may count once: the caller must
 * remember `clientId` and `jti` until `expiresAt`.
 *
 * @param expected.clientId the client that the key belongs to; `iss` and `sub` must both be it
 * @param expected.issuer our issuer identifier; the only audience taken
 * @param expected.resolve the client's key, by the header's `kid` if it has several
 * @param expected.now milliseconds since 1970
 * @param expected.skewSeconds how far its clock may run ahead of ours; 30 if absent
 * @returns `expiresAt` in milliseconds since 1970
 * @throws VerificationError `malformed`, `not-canonical`, `too-large`, `missing-claim`, `wrong-typ`,
 *   `wrong-alg`, `unknown-key`, `bad-signature`, `wrong-issuer`, `wrong-subject`, `wrong-audience`,
 *   `expired`, `not-yet-valid`, `too-long-lived`
 * @see RFC 7523 §3, draft-ietf-oauth-rfc7523bis
 */
export function verifyClientAssertion(
  attackerAssertion: string,
  expected: {
    clientId: string;
    issuer: string;
    resolve: (attackerHeader: JwsHeader) => KeyObject | undefined;
    now: number;
    skewSeconds?: number | undefined;
  },
): { clientId: string; jti: string; expiresAt: number } {
  const skew = expected.skewSeconds ?? clockSkewSeconds;
  const { payload } = verifyCompact(attackerAssertion, {
    // Clients older than rfc7523bis send "JWT" or no type at all.
    typ: { oneOf: [typ, "JWT"], orAbsent: true },
    algs,
    resolve: expected.resolve,
  });
  const claims = claimsOf(payload);
  requireIssuer(claims, expected.clientId);
  if (requiredText(claims, "sub") !== expected.clientId) {
    throw new VerificationError("wrong-subject", "iss and sub must both be the client");
  }
  requireAudience(claims, expected.issuer);
  const { exp } = requireAlive(claims, expected.now, skew);
  if (exp * 1000 > expected.now + (longestLifeSeconds + skew) * 1000) {
    throw new VerificationError("too-long-lived", `a client assertion lives at most ${longestLifeSeconds} s`);
  }
  return { clientId: expected.clientId, jti: requiredJti(claims), expiresAt: exp * 1000 };
}
