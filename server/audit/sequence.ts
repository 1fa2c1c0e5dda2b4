import { signCheckpoint } from "@countersign/proof/checkpoint";
import { leafHash } from "@countersign/proof/merkle";
import { Change, Conflict } from "../database/index.ts";
import type { SequencerDeps } from "./sequencer.ts";
import { eventsWaiting, type Head, moveHead, placeEvent, readHead } from "./store.ts";
import { TileExtension, treeAt } from "./tree.ts";

const MOST_AT_ONCE = 2_048;

/**
 * Gives the committed events that wait their places in the tree, and signs the checkpoint over them, in one
 * change. The new checkpoint is published by that commit and by nothing earlier: a crash before it leaves
 * the old tree, a crash after it the new one.
 * @returns how many events were placed; 0 also when another sequencer was faster
 */
export async function sequence(deps: SequencerDeps): Promise<number> {
  const waiting = await eventsWaiting(deps.database, MOST_AT_ONCE);
  if (waiting.length === 0) return 0;
  const head = await readHead(deps.database);
  const change = new Change(deps.database);
  const next = await extend(deps, change, head, waiting);
  moveHead(change, head, next, deps.clock.now());
  try {
    await deps.database.commit(change.announce("checkpoint"));
  } catch (error) {
    if (error instanceof Conflict) return 0;
    throw error;
  }
  await deps.lastCheckpoint.remember(next.checkpoint);
  return waiting.length;
}

async function extend(
  deps: SequencerDeps,
  change: Change,
  head: Head,
  waiting: readonly { id: string; body: string }[],
): Promise<Head> {
  const tree = await treeAt(deps.database, head.size);
  const tiles = new TileExtension(head.size);
  for (const event of waiting) {
    placeEvent(change, event.id, tree.size);
    tree.append(leafHash(Buffer.from(event.body)), tiles.take);
  }
  await tiles.write(deps.database, change);
  const checkpoint = await signCheckpoint(
    { size: tree.size, root: tree.root() },
    deps.checkpointSigner.keys(),
  );
  return { size: tree.size, checkpoint };
}
