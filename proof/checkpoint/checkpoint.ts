import { VerificationError } from "../verification-error.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { type NoteSigner, openNote, signNote } from "./signed-note.ts";
import type { VerifierKey } from "./verifier-key.ts";

const rootSize = 32;

/** What a log commits to: that its first `size` entries have this root (32 bytes). */
export type Checkpoint = {
  origin: string;
  size: number;
  root: Uint8Array;
  /** Further lines of the text. We write none; foreign logs may. */
  extensions: string[];
};

/** A checkpoint that has been believed, and the names of the keys that signed it. */
export type OpenedCheckpoint = Checkpoint & { signedBy: string[] };

/**
 * The text of a checkpoint: origin, size and root, a line each.
 *
 * @throws VerificationError `malformed` for an origin, size or root that no checkpoint can hold
 * @see C2SP tlog-checkpoint
 */
export function checkpointText(checkpoint: Checkpoint): string {
  const { origin, size, root, extensions } = checkpoint;
  if (!Number.isSafeInteger(size) || size < 0 || root.length !== rootSize) {
    throw new VerificationError("malformed", "no log has such a size or root");
  }
  const lines = [origin, String(size), encodeBase64(root), ...extensions];
  if (lines.some((line) => line === "" || line.includes("\n"))) {
    throw new VerificationError("malformed", "a line of a checkpoint is empty or more than one");
  }
  return `${lines.join("\n")}\n`;
}

/**
 * Reads the text of a checkpoint.
 *
 * @throws VerificationError `malformed`, also for logs of more than 2^53 entries
 * @see C2SP tlog-checkpoint
 */
export function parseCheckpoint(attackerText: string): Checkpoint {
  const [origin = "", size = "", root = "", ...extensions] = attackerText.slice(0, -1).split("\n");
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size)) throw new VerificationError("malformed", "not a size");
  const checkpoint = { origin, size: Number(size), root: decodeBase64(root), extensions };
  if (checkpointText(checkpoint) !== attackerText) {
    throw new VerificationError("malformed", "not the text of a checkpoint");
  }
  return checkpoint;
}

/**
 * Signs a checkpoint. Never sign two that cannot both be true of one growing log.
 *
 * @param signer its name is the log's origin
 * @returns the signed note
 * @throws VerificationError `malformed`
 */
export function signCheckpoint(
  { size, root }: Pick<Checkpoint, "size" | "root">,
  signer: NoteSigner,
): Promise<string> {
  return signNote(checkpointText({ origin: signer.name, size, root, extensions: [] }), [signer]);
}

/**
 * Verifies a signed checkpoint and reads it.
 *
 * @param keys the keys that are believed, from configuration
 * @param origin the log that is meant: a checkpoint of another log under the same key is refused
 * @throws VerificationError `malformed`, `too-large`, `unknown-key`, `bad-signature`, `wrong-origin`
 * @see C2SP tlog-checkpoint, signed-note
 */
export function openCheckpoint(
  attackerNote: string,
  keys: readonly VerifierKey[],
  origin: string,
): OpenedCheckpoint {
  const { text, signedBy } = openNote(attackerNote, keys);
  const checkpoint = parseCheckpoint(text);
  if (checkpoint.origin !== origin) {
    throw new VerificationError("wrong-origin", "the checkpoint is that of another log");
  }
  return { ...checkpoint, signedBy: signedBy.map(({ name }) => name) };
}
