import type { KeyObject } from "node:crypto";
import { isJsonObject, type Json } from "../jcs/index.ts";
import { VerificationError } from "../verification-error.ts";
import { parsePublicJwk } from "./jwk.ts";
import { importPublicJwk } from "./key-object.ts";

/** Imported public keys by `kid`. Made once per published set and kept, so that no call imports a key. */
export type KeySet = ReadonlyMap<string, KeyObject>;

/**
 * Imports a JWK set. Keys of a kind this package does not know are left out, so that an issuer can publish
 * newer kinds beside the old; every other fault refuses the whole set.
 *
 * @param jwks `{ keys: [...] }`, each key with a `kid` of its own
 * @throws VerificationError `malformed`, also for a missing or repeated `kid`; `private-key`; `wrong-alg`
 * @see RFC 7517 §5
 */
export function createKeySet(jwks: Json): KeySet {
  if (!isJsonObject(jwks) || !Array.isArray(jwks.keys)) {
    throw new VerificationError("malformed", "a JWK set must have an array of keys");
  }
  const set = new Map<string, KeyObject>();
  for (const entry of jwks.keys.filter(isOfKnownKind)) {
    const jwk = parsePublicJwk(entry);
    if (jwk.kid === undefined) throw new VerificationError("malformed", "every key of a set needs a kid");
    if (set.has(jwk.kid)) throw new VerificationError("malformed", "two keys of a set share one kid");
    set.set(jwk.kid, importPublicJwk(jwk));
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
