import type { KeyObject } from "node:crypto";
import type { Json } from "../jcs/index.ts";
import { readJwkSet } from "./jwk-set.ts";
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
  return new Map([...readJwkSet(jwks)].map(([kid, jwk]) => [kid, importPublicJwk(jwk)]));
}
