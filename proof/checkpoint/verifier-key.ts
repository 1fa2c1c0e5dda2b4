import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { encodeBase64url, sha256 } from "../digest/index.ts";
import { VerificationError } from "../verification-error.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";

/** The signature type byte of Ed25519. Other types of the specification are refused, not ignored. */
const ed25519 = 0x01;
const ed25519KeySize = 32;

/** A key that may have signed a note: the name of who signs, and a number derived from name and key. */
export type VerifierKey = { name: string; keyId: number; publicKey: Uint8Array; key: KeyObject };

/**
 * The verifier key of a name and an Ed25519 public key.
 *
 * @param name who signs; for a log, its origin. No spaces, no `+`
 * @param publicKey the 32 raw bytes
 * @throws VerificationError `malformed`
 * @see C2SP signed-note
 */
export function verifierKey(name: string, publicKey: Uint8Array): VerifierKey {
  if (!isKeyName(name)) throw new VerificationError("malformed", "a key name has spaces, a plus or nothing");
  if (publicKey.length !== ed25519KeySize) throw new VerificationError("malformed", "not an Ed25519 key");
  const jwk = { kty: "OKP", crv: "Ed25519", x: encodeBase64url(publicKey) };
  const key = createPublicKey({ key: jwk, format: "jwk" });
  return { name, keyId: keyIdOf(name, publicKey), publicKey, key };
}

/**
 * Reads a verifier key from its text, such as `example.com/foo+530d903a+AekyeRrm…`.
 *
 * @throws VerificationError `malformed`, also when the number does not belong to name and key;
 *   `wrong-alg` for key types other than Ed25519
 * @see C2SP signed-note
 */
export function parseVkey(vkey: string): VerifierKey {
  const [, name, keyId, encoded] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey) ?? [];
  if (name === undefined || encoded === undefined) throw new VerificationError("malformed", "not a vkey");
  const [type, ...publicKey] = decodeBase64(encoded);
  if (type !== ed25519) throw new VerificationError("wrong-alg", "the vkey is of a type other than Ed25519");
  const key = verifierKey(name, Uint8Array.from(publicKey));
  if (hexOf(key.keyId) !== keyId) {
    throw new VerificationError("malformed", "the number in the vkey is not that of its name and key");
  }
  return key;
}

/** The text of a verifier key, which `parseVkey` reads. */
export function formatVkey({ name, keyId, publicKey }: VerifierKey): string {
  return `${name}+${hexOf(keyId)}+${encodeBase64(Uint8Array.of(ed25519, ...publicKey))}`;
}

/** Whether the key made this Ed25519 signature over these bytes. */
export function hasSigned(verifier: VerifierKey, message: Uint8Array, signature: Uint8Array): boolean {
  return verify(null, message, verifier.key, signature);
}

/** Names are not empty and hold no white space of any script, no control characters and no `+`. */
export function isKeyName(name: string): boolean {
  return /^[^\s+\p{Z}\p{Cc}]+$/u.test(name) && name.isWellFormed();
}

/** The first four bytes of SHA-256(name ‖ newline ‖ type ‖ key). */
function keyIdOf(name: string, publicKey: Uint8Array): number {
  const digest = sha256(Buffer.concat([Buffer.from(`${name}\n`), Uint8Array.of(ed25519), publicKey]));
  return Buffer.from(digest).readUInt32BE(0);
}

function hexOf(keyId: number): string {
  return keyId.toString(16).padStart(8, "0");
}
