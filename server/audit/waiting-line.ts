import type { HotKey } from "../database/index.ts";

/** The last in line for each contended row of this process; a line that has emptied is forgotten. */
const lastInLine = new Map<HotKey, Promise<unknown>>();

/**
 * Lets changes that met at the same hot row try one after the other instead of against each other.
 * Only an optimisation: the rows themselves decide, whatever other processes do.
 */
export async function waitInLine<T>(keys: Iterable<HotKey>, turn: () => Promise<T>): Promise<T> {
  const sorted = [...keys].sort();
  const before = Promise.allSettled(sorted.map((key) => lastInLine.get(key)));
  const mine = sorted.length === 0 ? turn() : before.then(turn);
  for (const key of sorted) lastInLine.set(key, mine);
  try {
    return await mine;
  } finally {
    for (const key of sorted) if (lastInLine.get(key) === mine) lastInLine.delete(key);
  }
}
