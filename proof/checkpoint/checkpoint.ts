import {
  believedCheckpoint,
  type Checkpoint,
  checkpointText,
  type OpenedCheckpoint,
} from "./checkpoint-text.ts";
import { type NoteSigner, openNote, signNote } from "./signed-note.ts";
import type { VerifierKey } from "./verifier-key.ts";

/**
 * Signs a checkpoint. Never sign two that cannot both be true of one growing log.
 *
 * @param signers one, or several after a rotation: the log's key first. Their name is the log's origin
 * @returns the signed note
 * @throws VerificationError `malformed`
 */
export function signCheckpoint(
  { size, root }: Pick<Checkpoint, "size" | "root">,
  signers: NoteSigner | readonly NoteSigner[],
): Promise<string> {
  const all = "name" in signers ? [signers] : signers;
  return signNote(checkpointText({ origin: all[0]?.name ?? "", size, root, extensions: [] }), all);
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
  return believedCheckpoint(openNote(attackerNote, keys), origin);
}
