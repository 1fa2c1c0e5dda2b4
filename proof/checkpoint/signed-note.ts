import { createPublicKey, type KeyObject, sign } from "node:crypto";
import { decodeBase64url } from "../digest/index.ts";
import { VerificationError } from "../verification-error.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { hasSigned, isKeyName, type VerifierKey, verifierKey } from "./verifier-key.ts";

/** Longer notes and notes with more signatures are refused before any signature is verified. */
const maximumLength = 1_000_000;
const maximumSignatures = 100;

const keyIdSize = 4;
const encoder = new TextEncoder();

/** One signature line of a note: who says to have signed, with which key, and the signature itself. */
export type NoteSignature = { name: string; keyId: number; signature: Uint8Array };

/** A note taken apart and not yet believed. `text` ends with a newline. */
export type SignedNote = { text: string; signatures: NoteSignature[] };

/** What signs notes. `sign` may take its time: the key may live in a module or another machine. */
export type NoteSigner = VerifierKey & {
  sign: (message: Uint8Array) => Uint8Array | Promise<Uint8Array>;
};

/**
 * Signs with an Ed25519 private key in memory.
 *
 * @param name who signs; for a log, its origin
 * @throws VerificationError `wrong-alg` for a key that is not Ed25519
 */
export function ed25519Signer(name: string, privateKey: KeyObject): NoteSigner {
  if (privateKey.asymmetricKeyType !== "ed25519") {
    throw new VerificationError("wrong-alg", "notes are signed with Ed25519");
  }
  const { x = "" } = createPublicKey(privateKey).export({ format: "jwk" });
  return {
    ...verifierKey(name, decodeBase64url(x)),
    sign: (message) => sign(null, message, privateKey),
  };
}

/**
 * Signs a text.
 *
 * @param text ends with a newline and holds no control characters but newlines
 * @returns the note: text, blank line, one signature line per signer
 * @throws VerificationError `malformed` for a text that no note can hold
 * @see C2SP signed-note
 */
export async function signNote(text: string, signers: readonly NoteSigner[]): Promise<string> {
  if (!text.endsWith("\n") || !isNoteText(text)) {
    throw new VerificationError("malformed", "a note's text ends with a newline and has no controls");
  }
  const message = encoder.encode(text);
  const lines = signers.map(async (signer) => signatureLine(signer, await signer.sign(message)));
  return `${text}\n${(await Promise.all(lines)).join("")}`;
}

function signatureLine({ name, keyId }: VerifierKey, signature: Uint8Array): string {
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

/** UTF-8 without control characters other than newlines. */
function isNoteText(text: string): boolean {
  return /^[^\p{Cc}]*$/u.test(text.replaceAll("\n", "")) && text.isWellFormed();
}

/**
 * Verifies a note: at least one of the keys has signed it, and none of them under a broken signature.
 * Signatures by keys that were not named are ignored.
 *
 * @param keys the keys that are believed, from configuration and never from the note
 * @returns the text, and those of the keys that signed it
 * @throws VerificationError `malformed`, `too-large`, `unknown-key` when none of the keys signed,
 *   `bad-signature`
 * @see C2SP signed-note
 */
export function openNote(
  attackerNote: string,
  keys: readonly VerifierKey[],
): { text: string; signedBy: VerifierKey[] } {
  const { text, signatures } = parseNote(attackerNote);
  const message = encoder.encode(text);
  const signedBy = keys.filter((key) => {
    const own = signatures.filter(({ name, keyId }) => name === key.name && keyId === key.keyId);
    if (own.every(({ signature }) => hasSigned(key, message, signature))) return own.length > 0;
    throw new VerificationError("bad-signature", `the signature of ${key.name} is broken`);
  });
  if (signedBy.length === 0) throw new VerificationError("unknown-key", "no known key has signed the note");
  return { text, signedBy };
}
