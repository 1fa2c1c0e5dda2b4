import { Change, type DatabaseDeps } from "../database/index.ts";
import { Fault, hours } from "../lib/index.ts";
import { type Changed, changesAfter, changesHead, oldestChange, pruneChanges } from "./store-changes.ts";

/** Who has not asked for so long has forgotten what it knew, or must. */
const TOLD_FOR = hours(24);
const AT_ONCE = 1_000;

/** What has changed after a place, and how far it goes. */
export interface Changes {
  readonly items: Changed[];
  readonly head: number;
}

/**
 * Which agents have changed since, by the words under which those who were told of them know them: whoever was
 * not told of an agent learns that something changed somewhere, and nothing else.
 * @param after the place that was reached before; nothing: where it stands now, and no items
 * @throws Fault `gone` when what followed has been forgotten, or this is not where it was read before
 */
export async function agentChanges(
  { database }: DatabaseDeps,
  { after, limit }: { after: number | undefined; limit: number },
): Promise<Changes> {
  const head = await changesHead(database); // before the page, so that nothing is skipped
  if (after === undefined) return { items: [], head };
  if (after > head) throw startOver();
  const items = await changesAfter(database, after, limit);
  if (after < head && items[0]?.seq !== after + 1) throw startOver();
  return { items, head };
}

/**
 * Forgets changes that are a day old. Housekeeping: whoever asks for what followed them is told to start over.
 * @returns how many of the oldest were looked at
 */
export async function forgetChanges(deps: DatabaseDeps): Promise<void> {
  const before = deps.clock.now() - TOLD_FOR;
  for (;;) {
    const oldest = await oldestChange(deps.database);
    if (oldest === undefined || oldest.at >= before) return;
    const change = new Change(deps.database);
    pruneChanges(change, { from: oldest.seq, at: before, limit: AT_ONCE });
    await deps.database.commit(change);
  }
}

const startOver = (): Fault =>
  new Fault("gone", "What happened after this place is not told any more.", {
    remedy: "Forget what you know of agents, and begin without `after`.",
  });
