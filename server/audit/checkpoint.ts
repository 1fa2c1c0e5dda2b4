import { openCheckpoint, type VerifierKey } from "@countersign/proof/checkpoint";
import { consistencyPath, verifyConsistency } from "@countersign/proof/merkle";
import { Fault } from "../lib/index.ts";
import type { SequencerDeps } from "./sequencer.ts";
import { type Head, readHead } from "./store.ts";
import { storedHashes, treeAt } from "./tree.ts";

/**
 * Checks, before anything is served, that the log in the database is signed by one of our keys, that its tiles have
 * the signed root, and that it goes on from the last checkpoint remembered outside the database. A log that
 * is shorter or another one does not start.
 * @throws Fault `unavailable`
 */
export async function checkLog(deps: SequencerDeps, keys: readonly VerifierKey[]): Promise<void> {
  const remembered = deps.lastCheckpoint.recall();
  const head = await readHead(deps.database);
  if (remembered === undefined && head.size === 0) return;
  if (head.size === 0) throw tampered("the database holds no log, but this installation has signed one");
  const { size, root } = opened(head.checkpoint, keys);
  if (size !== head.size) throw tampered("its size is not the signed one");
  if (Buffer.compare((await treeAt(deps.database, size)).root(), root) !== 0)
    throw tampered("its root is not the signed one");
  if (remembered !== undefined) await checkContinues(deps, { size, root }, opened(remembered, keys));
  await rememberUnlessNewer(deps, head, keys);
}

/** Another server on the same keys may have signed and remembered a longer log meanwhile. */
async function rememberUnlessNewer(
  deps: SequencerDeps,
  head: Head,
  keys: readonly VerifierKey[],
): Promise<void> {
  const newest = deps.lastCheckpoint.recall();
  if (newest !== undefined && opened(newest, keys).size >= head.size) return;
  await deps.lastCheckpoint.remember(head.checkpoint);
}

async function checkContinues(
  deps: SequencerDeps,
  now: { size: number; root: Uint8Array },
  before: { size: number; root: Uint8Array },
): Promise<void> {
  if (now.size < before.size) {
    throw tampered(`it has ${now.size} events, but a checkpoint over ${before.size} has been signed`);
  }
  const proof = await consistencyPath(before.size, now.size, storedHashes(deps.database, now.size));
  if (!verifyConsistency(BigInt(before.size), BigInt(now.size), before.root, now.root, proof)) {
    throw tampered("it is not the continuation of the last signed checkpoint");
  }
}

function opened(note: string, keys: readonly VerifierKey[]): { size: number; root: Uint8Array } {
  try {
    return openCheckpoint(note, keys, keys[0]?.name ?? "");
  } catch (cause) {
    throw tampered("its checkpoint is not signed by this installation's key", cause);
  }
}

const tampered = (what: string, cause?: unknown): Fault =>
  new Fault("unavailable", `The log in the database does not hold: ${what}.`, {
    remedy: "Do not go on with this database. Keep it as evidence, and restore the newest backup.",
    cause,
  });
