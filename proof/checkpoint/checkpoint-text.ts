import { VerificationError } from "../verification-error.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";

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
 * Reads the checkpoint of a note whose signatures have held.
 *
 * @throws VerificationError `malformed`, `wrong-origin`
 */
export function believedCheckpoint(
  { text, signedBy }: { text: string; signedBy: readonly { name: string }[] },
  origin: string,
): OpenedCheckpoint {
  const checkpoint = parseCheckpoint(text);
  if (checkpoint.origin !== origin) {
    throw new VerificationError("wrong-origin", "the checkpoint is that of another log");
  }
  return { ...checkpoint, signedBy: signedBy.map(({ name }) => name) };
}
