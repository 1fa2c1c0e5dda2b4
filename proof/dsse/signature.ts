import { type KeyObject, sign, verify } from "node:crypto";
import { VerificationError } from "../verification-error.ts";

/** The hash that goes with each curve: the key decides it, never the signature. */
const HASHES: Readonly<Record<string, string>> = {
  prime256v1: "sha256",
  secp384r1: "sha384",
  secp521r1: "sha512",
};

/** The hash of a key that may sign: of P-256, P-384, P-521 its own, of Ed25519 none beside. */
function hashOf({ type, asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string | null {
  if (type !== "secret" && asymmetricKeyType === "ed25519") return null;
  const curve = asymmetricKeyDetails?.namedCurve ?? "";
  if (type !== "secret" && asymmetricKeyType === "ec" && Object.hasOwn(HASHES, curve))
    return HASHES[curve] ?? null;
  throw new VerificationError("wrong-alg", "keys are of P-256, P-384, P-521 or Ed25519");
}

/**
 * Whether the signature is this key's over these bytes: ECDSA in DER with the hash of the key's curve, or
 * Ed25519.
 * @throws VerificationError `wrong-alg` for a key of another kind
 */
export function signs(key: KeyObject, data: Uint8Array, attackerSignature: Uint8Array): boolean {
  const hash = hashOf(key);
  try {
    return verify(hash, data, { key, dsaEncoding: "der" }, attackerSignature);
  } catch {
    return false; // bytes that are no signature at all
  }
}

/** A signature with a private key, as `signs` takes it. @throws VerificationError `wrong-alg` */
export const signatureBy = (key: KeyObject, data: Uint8Array): Uint8Array =>
  sign(hashOf(key), data, { key, dsaEncoding: "der" });
