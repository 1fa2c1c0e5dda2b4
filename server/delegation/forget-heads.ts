import { Change, type DatabaseDeps } from "../database/index.ts";
import { hours } from "../lib/index.ts";
import { endedAmong } from "./store.ts";
import { type Head, headsAfter, pruneHeads } from "./store-heads.ts";
import { countedAmong } from "./store-windows.ts";
import { COUNTED } from "./window.ts";

/** A task that ended so long ago has no call under way. */
const KEPT = hours(24);
const AT_ONCE = 200;

/**
 * Forgets the heads of what has ended or has rested for a day: tasks, running copies, windows that nothing is
 * counted in. Whoever decides on one at this moment decides again, so nothing is let pass that would not have
 * been. Housekeeping, to be run every hour or so, by any number of servers.
 * @returns how many were forgotten
 */
export async function forgetHeads(deps: DatabaseDeps): Promise<number> {
  let forgotten = 0;
  for (let after = ""; ; ) {
    const heads = await headsAfter(deps.database, after, AT_ONCE);
    const resting = await restingAmong(deps, heads);
    if (resting.length > 0) {
      const change = new Change(deps.database);
      pruneHeads(change, resting);
      await deps.database.commit(change);
      forgotten += resting.length;
    }
    const last = heads.at(-1);
    if (last === undefined || heads.length < AT_ONCE) return forgotten;
    after = last.key;
  }
}

async function restingAmong({ database, clock }: DatabaseDeps, heads: readonly Head[]): Promise<Head[]> {
  const under = (prefix: string) =>
    heads.flatMap((head) =>
      head.key.startsWith(prefix) ? [{ head, name: head.key.slice(prefix.length) }] : [],
    );
  const names = (found: readonly { name: string }[]) => found.map(({ name }) => name);
  const tasks = [...under("history:task:"), ...under("plan:")];
  const ended = new Set(await endedAmong(database, names(tasks), clock.now() - KEPT));
  const resting = tasks.filter(({ name }) => ended.has(name));
  for (const counted of COUNTED) {
    const windows = under(`window:${counted}:`);
    const histories = counted === "instance" ? under("history:instance:") : [];
    const both = [...windows, ...histories];
    const busy = new Set(await countedAmong(database, counted, names(both)));
    resting.push(...both.filter(({ name }) => !busy.has(name)));
  }
  return resting.map(({ head }) => head);
}
