/** Signed checkpoints of a log: the C2SP signed note, its keys, and the three lines of a checkpoint. */
export { decodeBase64, encodeBase64 } from "./base64.ts";
export { openCheckpoint, signCheckpoint } from "./checkpoint.ts";
export {
  type Checkpoint,
  checkpointText,
  type OpenedCheckpoint,
  parseCheckpoint,
} from "./checkpoint-text.ts";
export { type NoteSignature, parseNote, type SignedNote } from "./note.ts";
export { formatVkey, type NoteKey } from "./note-key.ts";
export { ed25519Signer, type NoteSigner, openNote, signNote } from "./signed-note.ts";
export { parseVkey, type VerifierKey, verifierKey } from "./verifier-key.ts";
