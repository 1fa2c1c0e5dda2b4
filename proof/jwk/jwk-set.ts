import { isJsonObject, type Json } from "../jcs/index.ts";
import { VerificationError } from "../verification-error.ts";
import { type PublicJwk, parsePublicJwk } from "./jwk.ts";

/**
 * Reads a JWK set: the keys of kinds that this package knows, by `kid`. Other kinds are left out, so that an
 * issuer can publish newer ones beside the old; every other fault refuses the whole set.
 *
 * @throws VerificationError `malformed`, also for a missing or repeated `kid`; `private-key`; `wrong-alg`
 * @see RFC 7517 §5
 */
export function readJwkSet(attackerJwks: Json): ReadonlyMap<string, PublicJwk> {
  if (!isJsonObject(attackerJwks) || !Array.isArray(attackerJwks.keys)) {
    throw new VerificationError("malformed", "a JWK set must have an array of keys");
  }
  const set = new Map<string, PublicJwk>();
  for (const entry of attackerJwks.keys.filter(isOfKnownKind)) {
    const jwk = parsePublicJwk(entry);
    if (jwk.kid === undefined) throw new VerificationError("malformed", "every key of a set needs a kid");
    if (set.has(jwk.kid)) throw new VerificationError("malformed", "two keys of a set share one kid");
    set.set(jwk.kid, jwk);
  }
  return set;
}

function isOfKnownKind(jwk: Json): boolean {
  if (!isJsonObject(jwk) || typeof jwk.kty !== "string") return true;
  // A symmetric key in a public set is a leak, not a novelty.
  if (jwk.kty === "RSA" || jwk.kty === "oct") return true;
  if (jwk.kty === "EC") return jwk.crv === "P-256";
  return jwk.kty === "OKP" && jwk.crv === "Ed25519";
}
