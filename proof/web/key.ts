import type { Json } from "../jcs/index.ts";
import { type Algorithm, algorithmOfJwk, type PublicJwk } from "../jwk/jwk.ts";
import { readJwkSet } from "../jwk/jwk-set.ts";
import { VerificationError } from "../verification-error.ts";

/** Imported public keys by `kid`. Made once per published set and kept, so that no call imports a key. */
export type KeySet = ReadonlyMap<string, CryptoKey>;

const importedWith: Record<Algorithm, AlgorithmIdentifier | EcKeyImportParams | RsaHashedImportParams> = {
  ES256: { name: "ECDSA", namedCurve: "P-256" },
  EdDSA: { name: "Ed25519" },
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
};

const shortestModulus = 2048;

/**
 * The public key behind a JWK that `parsePublicJwk` has read.
 *
 * @throws VerificationError `malformed` when the point is not on its curve
 */
export async function importPublicJwk(jwk: PublicJwk): Promise<CryptoKey> {
  const { kid: _, ...key } = jwk;
  try {
    return await crypto.subtle.importKey("jwk", key, importedWith[algorithmOfJwk(jwk)], true, ["verify"]);
  } catch (cause) {
    throw new VerificationError("malformed", "the key is malformed", { cause });
  }
}

/**
 * The one algorithm that this key may be used with, as the key itself knows it.
 *
 * @throws VerificationError `wrong-alg` for secret keys, other curves, other hashes and short RSA keys
 */
export function algorithmOf({ type, algorithm }: CryptoKey): Algorithm {
  const { name, namedCurve, modulusLength, hash } = algorithm as KeyAlgorithm &
    Partial<EcKeyAlgorithm & RsaHashedKeyAlgorithm>;
  if (type === "public") {
    if (name === "ECDSA" && namedCurve === "P-256") return "ES256";
    if (name === "Ed25519") return "EdDSA";
    const isLong = (modulusLength ?? 0) >= shortestModulus;
    if (name === "RSASSA-PKCS1-v1_5" && hash?.name === "SHA-256" && isLong) return "RS256";
  }
  throw new VerificationError("wrong-alg", "only P-256, Ed25519 and RSA keys from 2048 bits are taken");
}

/**
 * Imports a JWK set. Keys of a kind this package does not know are left out; every other fault refuses the
 * whole set.
 *
 * @param attackerJwks `{ keys: [...] }`, each key with a `kid` of its own
 * @throws VerificationError `malformed`, also for a missing or repeated `kid`; `private-key`; `wrong-alg`
 * @see RFC 7517 §5
 */
export async function createKeySet(attackerJwks: Json): Promise<KeySet> {
  const set = [...readJwkSet(attackerJwks)];
  return new Map(
    await Promise.all(set.map(async ([kid, jwk]) => [kid, await importPublicJwk(jwk)] as const)),
  );
}
