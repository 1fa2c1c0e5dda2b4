/** Signed checkpoints of a log: the C2SP signed note, its keys, and the three lines of a checkpoint. */
export { decodeBase64, encodeBase64 } from "./base64.ts";
export {
  type Checkpoint,
  checkpointText,
  type OpenedCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
} from "./checkpoint.ts";
export {
  ed25519Signer,
  type NoteSignature,
  type NoteSigner,
  openNote,
  parseNote,
  type SignedNote,
  signNote,
} from "./signed-note.ts";
export { formatVkey, parseVkey, type VerifierKey, verifierKey } from "./verifier-key.ts";
