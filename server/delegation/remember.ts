import { Change, type DatabaseDeps, type HotKey } from "../database/index.ts";
import type { Id } from "../lib/index.ts";
import { inherit, NO_HISTORY, type RememberedCall, type SeenHistory, seenBy } from "./history.ts";
import { type Head, headsAt, moveHead, pushHead } from "./store-heads.ts";
import { addMarks, countCallOf, type HistoryKey, historiesOf, passMarks } from "./store-history.ts";
import { countWindows, insertWindowCall, sumUpWindows } from "./store-windows.ts";
import { COUNTED, type Counted, type CountedFor, type Windows } from "./window.ts";

/** Whose history counts: that of the task, if there is one, with what sticks to the running copy. */
export interface Remembering {
  readonly task?: Id<"task">;
  readonly instance: string;
}

/** What a decision may read of what is remembered. */
export type Remembered = "history" | Counted;

/** What the decision about a call rests on, read before the decision is made. */
export interface Footing {
  readonly heads: readonly Head[];
}

/** A call that is to be remembered. `at` in milliseconds since the epoch, as it was decided. */
export interface CallMade extends Remembering, CountedFor {
  readonly id: Id<"action">;
  readonly at: number;
  readonly call: RememberedCall;
}

/**
 * What is remembered of the calls before this one: of the task's whole tree, and of the running copy what
 * sticks; without a task, of the copy's own calls.
 */
export async function historyFor(
  { database }: DatabaseDeps,
  { tool, ...of }: Remembering & { readonly tool: string },
): Promise<SeenHistory> {
  const [own = NO_HISTORY, copy = NO_HISTORY] = await historiesOf(database, historyKeys(of));
  return seenBy(inherit(own, copy), tool);
}

/**
 * The calls in the sliding windows before `now` (milliseconds since the epoch).
 * @param only whose windows are wanted; each costs a count
 */
export async function windowsFor(
  { database }: DatabaseDeps,
  of: CountedFor,
  now: number,
  only: readonly Counted[] = COUNTED,
): Promise<Windows> {
  const counts = only.map(async (counted) => {
    const whose = of[counted];
    return whose === undefined ? [] : [[counted, await countWindows(database, counted, whose, now)] as const];
  });
  return Object.fromEntries((await Promise.all(counts)).flat());
}

/** The heads under which is remembered what a decision may read: whoever is in line for them meets nobody. */
export const headKeys = (of: Remembering & CountedFor, remembered: readonly Remembered[]): HotKey[] =>
  [...new Set(remembered)].flatMap((one) => keysOf(of, one)).sort();

/**
 * Notes where a decision stands, before it reads what is remembered: if any of it moves until the call is
 * reserved, the call is decided again.
 * @param decided what the decision may read
 */
export async function footing(
  { database }: DatabaseDeps,
  of: Remembering & CountedFor,
  decided: readonly Remembered[],
): Promise<Footing> {
  return { heads: await headsAt(database, headKeys(of, decided)) };
}

/**
 * Adds to the change that lets a call pass that it is remembered, with what its result may hold: the task
 * and the copy take on each other's marks, the windows count it.
 * @param on where the decision stands: must not have moved at the commit
 * @param watched what any decision may read, this one or another: it moves
 */
export function reserveCall(
  change: Change,
  made: CallMade,
  { on, watched }: { readonly on: Footing; readonly watched: readonly Remembered[] },
): void {
  const decided = new Set(on.heads.map(({ key }) => key));
  for (const head of on.heads) moveHead(change, head);
  for (const key of headKeys(made, watched)) if (!decided.has(key)) pushHead(change, key);
  remember(change, made);
  insertWindowCall(change, made);
}

/** Keeps what windows count short: housekeeping, to be run every few seconds, by any number of servers. */
export async function tidyWindows(deps: DatabaseDeps): Promise<void> {
  const change = new Change(deps.database);
  sumUpWindows(change, deps.clock.now());
  await deps.database.commit(change);
}

function remember(change: Change, { call, ...of }: CallMade): void {
  const [own, copy] = historyKeys(of);
  countCallOf(change, own, call);
  addMarks(change, own, { labels: call.data, untrusted: call.untrusted });
  if (copy === undefined) return;
  passMarks(change, own, copy);
  passMarks(change, copy, own);
}

/** Where calls are counted, and, apart from it, what sticks to the copy. */
export function historyKeys({ task, instance }: Remembering): [HistoryKey, ...HistoryKey[]] {
  const copy: HistoryKey = `instance:${instance}`;
  return task === undefined ? [copy] : [`task:${task}`, copy];
}

/** The heads under which histories are remembered. */
export const historyHeads = (of: Remembering): HotKey[] =>
  historyKeys(of)
    .map((key) => `history:${key}` as const)
    .sort();

function keysOf(of: Remembering & CountedFor, remembered: Remembered): HotKey[] {
  if (remembered === "history") return historyHeads(of);
  const whose = of[remembered];
  return whose === undefined ? [] : [`window:${remembered}:${whose}`];
}
