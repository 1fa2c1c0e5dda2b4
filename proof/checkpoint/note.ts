import { VerificationError } from "../verification-error.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { isKeyName, type NoteKey } from "./note-key.ts";

/** Longer notes and notes with more signatures are refused before any signature is verified. */
const maximumLength = 1_000_000;
const maximumSignatures = 100;

const keyIdSize = 4;
const utf8 = new TextEncoder();

/** One signature line of a note: who says to have signed, with which key, and the signature itself. */
export type NoteSignature = { name: string; keyId: number; signature: Uint8Array };

/** A note taken apart and not yet believed. `text` ends with a newline. */
export type SignedNote = { text: string; signatures: NoteSignature[] };

/** A signature as a line of a note. */
export function signatureLine({ name, keyId }: NoteKey, signature: Uint8Array): string {
  const bytes = new Uint8Array(keyIdSize + signature.length);
  new DataView(bytes.buffer).setUint32(0, keyId);
  bytes.set(signature, keyIdSize);
  return `\u2014 ${name} ${encodeBase64(bytes)}\n`;
}

/**
 * Takes a note apart; verifies nothing.
 *
 * @throws VerificationError `malformed`, `too-large`
 * @see C2SP signed-note
 */
export function parseNote(attackerNote: string): SignedNote {
  if (attackerNote.length > maximumLength) throw new VerificationError("too-large", "the note is too long");
  const blank = attackerNote.lastIndexOf("\n\n");
  if (blank === -1 || !attackerNote.endsWith("\n") || !isNoteText(attackerNote)) {
    throw new VerificationError("malformed", "not a signed note");
  }
  const lines = attackerNote.slice(blank + 2, -1).split("\n");
  if (lines.length > maximumSignatures) throw new VerificationError("too-large", "too many signatures");
  return { text: attackerNote.slice(0, blank + 1), signatures: lines.map(parseSignatureLine) };
}

function parseSignatureLine(line: string): NoteSignature {
  const [, name = "", encoded = ""] = /^\u2014 ([^ ]+) ([^ ]+)$/u.exec(line) ?? [];
  const bytes = decodeBase64(encoded);
  if (!isKeyName(name) || bytes.length <= keyIdSize) {
    throw new VerificationError("malformed", "not a signature line");
  }
  const keyId = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  return { name, keyId, signature: bytes.subarray(keyIdSize) };
}

/** The bytes that are signed. */
export const signedBytes = (text: string): Uint8Array<ArrayBuffer> => utf8.encode(text);

/** UTF-8 without control characters other than newlines. */
export function isNoteText(text: string): boolean {
  return /^[^\p{Cc}]*$/u.test(text.replaceAll("\n", "")) && text.isWellFormed();
}

/** The signatures of a note that say to be by this key. */
export function signaturesBy({ name, keyId }: NoteKey, { signatures }: SignedNote): Uint8Array[] {
  return signatures
    .filter((line) => line.name === name && line.keyId === keyId)
    .map((line) => line.signature);
}

/** Refuses a note under which a named key's signature does not hold. */
export function broken({ name }: NoteKey): VerificationError {
  return new VerificationError("bad-signature", `the signature of ${name} is broken`);
}

/** At least one of the keys must have signed. */
export function requireSigner<Key>(signedBy: Key[]): Key[] {
  if (signedBy.length > 0) return signedBy;
  throw new VerificationError("unknown-key", "no known key has signed the note");
}
