import type { Algorithm } from "../jwk/jwk.ts";
import { hasSizeOf } from "../jws/form.ts";
import { algorithmOf } from "./key.ts";

const verifiedWith: Record<Algorithm, AlgorithmIdentifier | EcdsaParams> = {
  ES256: { name: "ECDSA", hash: "SHA-256" },
  EdDSA: { name: "Ed25519" },
  RS256: { name: "RSASSA-PKCS1-v1_5" },
};

/**
 * Whether the signature is this key's over these bytes, under the algorithm that the key implies. ECDSA
 * signatures are r and s of 32 bytes each, never DER.
 */
export async function verifyBytes(
  data: Uint8Array<ArrayBuffer>,
  attackerSignature: Uint8Array<ArrayBuffer>,
  key: CryptoKey,
): Promise<boolean> {
  const alg = algorithmOf(key);
  if (!hasSizeOf(alg, attackerSignature)) return false;
  return crypto.subtle.verify(verifiedWith[alg], key, attackerSignature, data);
}
