import { type KeyObject, verify } from "node:crypto";
import { importPublicJwk } from "../jwk/index.ts";
import { jwkOf, type NoteKey, noteKey, parseNoteKey } from "./note-key.ts";

/** A key that may have signed a note, imported. */
export type VerifierKey = NoteKey & { key: KeyObject };

/**
 * The verifier key of a name and an Ed25519 public key.
 *
 * @param name who signs; for a log, its origin. No spaces, no `+`
 * @param publicKey the 32 raw bytes
 * @throws VerificationError `malformed`
 * @see C2SP signed-note
 */
export function verifierKey(name: string, publicKey: Uint8Array): VerifierKey {
  return imported(noteKey(name, publicKey));
}

/**
 * Reads a verifier key from its text, such as `example.com/foo+530d903a+AekyeRrm…`, and imports it.
 *
 * @throws VerificationError `malformed`, also when the number does not belong to name and key;
 *   `wrong-alg` for key types other than Ed25519
 * @see C2SP signed-note
 */
export function parseVkey(vkey: string): VerifierKey {
  return imported(parseNoteKey(vkey));
}

const imported = (key: NoteKey): VerifierKey => ({ ...key, key: importPublicJwk(jwkOf(key.publicKey)) });

/** Whether the key made this Ed25519 signature over these bytes. */
export function hasSigned(verifier: VerifierKey, message: Uint8Array, signature: Uint8Array): boolean {
  return verify(null, message, verifier.key, signature);
}
