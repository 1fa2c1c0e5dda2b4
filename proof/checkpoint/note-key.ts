import { encodeBase64url, sha256 } from "../digest/index.ts";
import { parsePublicJwk } from "../jwk/jwk.ts";
import { VerificationError } from "../verification-error.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";

/** The signature type byte of Ed25519. Other types of the specification are refused, not ignored. */
const ed25519 = 0x01;
const ed25519KeySize = 32;
const utf8 = new TextEncoder();

/** A key that may have signed a note: the name of who signs, and a number derived from name and key. */
export type NoteKey = { name: string; keyId: number; publicKey: Uint8Array };

/**
 * The key of a name and an Ed25519 public key. This file and what it imports run in a browser too.
 *
 * @param name who signs; for a log, its origin. No spaces, no `+`
 * @param publicKey the 32 raw bytes
 * @throws VerificationError `malformed`, also for a point on which nobody's signature would verify
 * @see C2SP signed-note
 */
export function noteKey(name: string, publicKey: Uint8Array): NoteKey {
  if (!isKeyName(name)) throw new VerificationError("malformed", "a key name has spaces, a plus or nothing");
  if (publicKey.length !== ed25519KeySize) throw new VerificationError("malformed", "not an Ed25519 key");
  parsePublicJwk(jwkOf(publicKey));
  return { name, keyId: keyIdOf(name, publicKey), publicKey };
}

/** The JWK of an Ed25519 key's raw bytes. */
export const jwkOf = (publicKey: Uint8Array): { kty: "OKP"; crv: "Ed25519"; x: string } => ({
  kty: "OKP",
  crv: "Ed25519",
  x: encodeBase64url(publicKey),
});

/**
 * Reads a verifier key from its text, such as `example.com/foo+530d903a+AekyeRrm…`.
 *
 * @throws VerificationError `malformed`, also when the number does not belong to name and key;
 *   `wrong-alg` for key types other than Ed25519
 * @see C2SP signed-note
 */
export function parseNoteKey(vkey: string): NoteKey {
  const [, name, keyId, encoded] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey) ?? [];
  if (name === undefined || encoded === undefined) throw new VerificationError("malformed", "not a vkey");
  const [type, ...publicKey] = decodeBase64(encoded);
  if (type !== ed25519) throw new VerificationError("wrong-alg", "the vkey is of a type other than Ed25519");
  const key = noteKey(name, Uint8Array.from(publicKey));
  if (hexOf(key.keyId) !== keyId) {
    throw new VerificationError("malformed", "the number in the vkey is not that of its name and key");
  }
  return key;
}

/** The text of a verifier key, which `parseVkey` reads. */
export function formatVkey({ name, keyId, publicKey }: NoteKey): string {
  return `${name}+${hexOf(keyId)}+${encodeBase64(Uint8Array.of(ed25519, ...publicKey))}`;
}

/** Names are not empty and hold no white space of any script, no control characters and no `+`. */
export function isKeyName(name: string): boolean {
  return /^[^\s+\p{Z}\p{Cc}]+$/u.test(name) && name.isWellFormed();
}

/** The first four bytes of SHA-256(name ‖ newline ‖ type ‖ key). */
function keyIdOf(name: string, publicKey: Uint8Array): number {
  const digest = sha256(Uint8Array.of(...utf8.encode(`${name}\n`), ed25519, ...publicKey));
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0);
}

function hexOf(keyId: number): string {
  return keyId.toString(16).padStart(8, "0");
}
