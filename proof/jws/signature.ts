import { type KeyObject, sign, verify } from "node:crypto";
import { type Algorithm, algorithmOf } from "../jwk/index.ts";
import { VerificationError } from "../verification-error.ts";

const digestOf = { ES256: "sha256", RS256: "sha256", EdDSA: null } as const;

/** Signs bytes with the algorithm that the key implies. RS256 is for verification only. */
export function signBytes(data: Uint8Array, key: KeyObject): Uint8Array {
  const alg = algorithmOf(key);
  if (alg === "RS256")
    throw new VerificationError("wrong-alg", "RSA keys verify only; sign with P-256 or Ed25519");
  return sign(digestOf[alg], data, { key, dsaEncoding: "ieee-p1363" });
}

/**
 * Whether the signature is this key's over these bytes, under the algorithm that the key implies. ECDSA
 * signatures are r and s of 32 bytes each, never DER.
 */
export function verifyBytes(data: Uint8Array, attackerSignature: Uint8Array, key: KeyObject): boolean {
  const alg: Algorithm = algorithmOf(key);
  if (alg !== "RS256" && attackerSignature.length !== 64) return false;
  return verify(digestOf[alg], data, { key, dsaEncoding: "ieee-p1363" }, attackerSignature);
}
