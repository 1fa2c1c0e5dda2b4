import { believedCheckpoint, type OpenedCheckpoint } from "../checkpoint/checkpoint-text.ts";
import { broken, parseNote, requireSigner, signaturesBy, signedBytes } from "../checkpoint/note.ts";
import { jwkOf, type NoteKey } from "../checkpoint/note-key.ts";
import { importPublicJwk } from "./key.ts";
import { verifyBytes } from "./signature.ts";

/**
 * Verifies a note: at least one of the keys has signed it, and none of them under a broken signature.
 * Signatures by keys that were not named are ignored.
 *
 * @throws VerificationError `malformed`, `too-large`, `unknown-key`, `bad-signature`
 * @see C2SP signed-note
 */
export async function openNote<Key extends NoteKey>(
  attackerNote: string,
  keys: readonly Key[],
): Promise<{ text: string; signedBy: Key[] }> {
  const note = parseNote(attackerNote);
  const message = signedBytes(note.text);
  const signedBy: Key[] = [];
  for (const key of keys) {
    const own = signaturesBy(key, note);
    for (const signature of own) {
      if (!(await hasSigned(key, message, signature))) throw broken(key);
    }
    if (own.length > 0) signedBy.push(key);
  }
  return { text: note.text, signedBy: requireSigner(signedBy) };
}

/** Whether the key made this Ed25519 signature over these bytes. */
export async function hasSigned(
  { publicKey }: NoteKey,
  message: Uint8Array<ArrayBuffer>,
  attackerSignature: Uint8Array,
): Promise<boolean> {
  const key = await importPublicJwk(jwkOf(publicKey));
  return verifyBytes(message, Uint8Array.from(attackerSignature), key);
}

/**
 * Verifies a signed checkpoint and reads it.
 *
 * @param origin the log that is meant: a checkpoint of another log under the same key is refused
 * @throws VerificationError `malformed`, `too-large`, `unknown-key`, `bad-signature`, `wrong-origin`
 * @see C2SP tlog-checkpoint, signed-note
 */
export async function openCheckpoint(
  attackerNote: string,
  keys: readonly NoteKey[],
  origin: string,
): Promise<OpenedCheckpoint> {
  return believedCheckpoint(await openNote(attackerNote, keys), origin);
}
