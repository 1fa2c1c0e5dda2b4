import { createPublicKey, type KeyObject, sign } from "node:crypto";
import { decodeBase64url } from "../digest/index.ts";
import { VerificationError } from "../verification-error.ts";
import {
  broken,
  isNoteText,
  parseNote,
  requireSigner,
  signatureLine,
  signaturesBy,
  signedBytes,
} from "./note.ts";
import { hasSigned, type VerifierKey, verifierKey } from "./verifier-key.ts";

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
  const message = signedBytes(text);
  const lines = signers.map(async (signer) => signatureLine(signer, await signer.sign(message)));
  return `${text}\n${(await Promise.all(lines)).join("")}`;
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
  const note = parseNote(attackerNote);
  const message = signedBytes(note.text);
  const signedBy = keys.filter((key) => {
    const own = signaturesBy(key, note);
    if (own.every((signature) => hasSigned(key, message, signature))) return own.length > 0;
    throw broken(key);
  });
  return { text: note.text, signedBy: requireSigner(signedBy) };
}
