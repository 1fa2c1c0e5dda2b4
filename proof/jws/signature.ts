import { type KeyObject, sign, verify } from "node:crypto";
import { algorithmOf } from "../jwk/index.ts";
import { VerificationError } from "../verification-error.ts";
import { fromDer, toDer } from "./ecdsa-der.ts";
import { hasSizeOf } from "./form.ts";

const digestOf = { ES256: "sha256", RS256: "sha256", EdDSA: null } as const;

/**
 * Signs bytes with the algorithm that the key implies. RS256 is for verification only.
 *
 * Node is given the key itself, here and below, and no options around it: looking through those takes longer
 * than turning an ECDSA signature from one form into the other, and half as long as making one.
 */
export function signBytes(data: Uint8Array, key: KeyObject): Uint8Array {
  const alg = algorithmOf(key);
  if (alg === "RS256")
    throw new VerificationError("wrong-alg", "RSA keys verify only; sign with P-256 or Ed25519");
  const signature = sign(digestOf[alg], data, key);
  return alg === "ES256" ? fromDer(signature) : signature;
}

/**
 * Whether the signature is this key's over these bytes, under the algorithm that the key implies. ECDSA
 * signatures are r and s of 32 bytes each, never DER.
 */
export function verifyBytes(data: Uint8Array, attackerSignature: Uint8Array, key: KeyObject): boolean {
  const alg = algorithmOf(key);
  if (!hasSizeOf(alg, attackerSignature)) return false;
  return verify(digestOf[alg], data, key, alg === "ES256" ? toDer(attackerSignature) : attackerSignature);
}
