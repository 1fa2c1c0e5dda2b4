import type { JsonObject } from "../jcs/index.ts";
import { VerificationError } from "../verification-error.ts";
import { optionalSeconds, requiredSeconds } from "./claims.ts";

/** How far in the future `iat` and `nbf` may lie, in seconds. `exp` has no leeway. */
export const clockSkewSeconds = 30;

/**
 * Checks `exp` (required: expired if and only if now has reached it), and `iat` and `nbf` (at most the skew
 * in the future). A token that ends before it begins is malformed.
 *
 * @param now milliseconds since 1970
 * @returns seconds since 1970
 * @throws VerificationError `expired`, `not-yet-valid`, `missing-claim`, `malformed`
 */
export function requireAlive(
  claims: JsonObject,
  now: number,
  skewSeconds: number = clockSkewSeconds,
): { iat: number | undefined; exp: number } {
  const exp = requiredSeconds(claims, "exp");
  const iat = optionalSeconds(claims, "iat");
  const nbf = optionalSeconds(claims, "nbf");
  const begin = Math.max(iat ?? 0, nbf ?? 0);
  if (exp <= begin) throw new VerificationError("malformed", "exp must lie after iat and nbf");
  if (!(now < exp * 1000)) throw new VerificationError("expired", "it has expired");
  if (begin * 1000 > now + skewSeconds * 1000)
    throw new VerificationError("not-yet-valid", "it lies in the future");
  return { iat, exp };
}
