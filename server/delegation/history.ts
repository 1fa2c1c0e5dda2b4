/**
 * What is remembered of calls: pure. A task remembers for its whole tree; what sticks (labels of data that
 * was read, and whether content from outside was) passes between a task and every running copy in it. What
 * policies and their tests see moves by `advance`, and what the store keeps is the same.
 */

/** What sticks, and is never shed: nothing takes a label away. */
export interface Marks {
  /** Labels of the data that was read: sorted, each once. */
  readonly labels: readonly string[];
  /** Whether content from outside was read. */
  readonly untrusted: boolean;
}

/** What has been done with one tool. Names of tools and currencies are others' words, so they are keys of maps. */
export interface ToolHistory {
  readonly calls: number;
  /** What was moved, scaled by 10,000, by currency. */
  readonly amounts: ReadonlyMap<string, bigint>;
}

/** What a task remembers; without a task, an instance. */
export interface History extends Marks {
  readonly tools: ReadonlyMap<string, ToolHistory>;
}

/** A call as it is remembered: what the tool's pinned definition says of its result, and what the call moves. */
export interface RememberedCall {
  readonly tool: string;
  readonly data: readonly string[];
  readonly untrusted: boolean;
  /** Scaled by 10,000. */
  readonly amount?: { readonly value: bigint; readonly currency: string };
}

/** A history as the decision about one tool's next call sees it. */
export interface SeenHistory extends Marks {
  /** This call not included. */
  readonly calls: number;
  readonly toolCalls: number;
  /** What this tool has moved so far, scaled by 10,000, by currency. */
  readonly amounts: Readonly<Record<string, bigint>>;
}

export const NO_HISTORY: History = { labels: [], untrusted: false, tools: new Map() };

/** The history after a call, which remembers what the call may have read before its result is there. */
export function advance(history: History, call: RememberedCall): History {
  const before = history.tools.get(call.tool) ?? { calls: 0, amounts: new Map<string, bigint>() };
  const after = { calls: before.calls + 1, amounts: added(before.amounts, call.amount) };
  const tools = new Map(history.tools).set(call.tool, after);
  return { ...together(history, marksOf(call)), tools };
}

/** What sticks to whoever makes a call. */
export const marksOf = ({ data, untrusted }: RememberedCall): Marks => ({
  labels: [...new Set(data)].sort(),
  untrusted,
});

/** A task takes on what sticks to a copy that joins it, and a copy what sticks to its task. */
export const inherit = (history: History, marks: Marks): History => ({
  ...together(history, marks),
  tools: history.tools,
});

export const together = (a: Marks, b: Marks): Marks => ({
  labels: [...new Set([...a.labels, ...b.labels])].sort(),
  untrusted: a.untrusted || b.untrusted,
});

/** What of `marks` is not among `known`. */
export const beyond = (marks: Marks, known: Marks): Marks => ({
  labels: marks.labels.filter((label) => !known.labels.includes(label)),
  untrusted: marks.untrusted && !known.untrusted,
});

export const isUnmarked = ({ labels, untrusted }: Marks): boolean => labels.length === 0 && !untrusted;

/** What the decision about the next call of a tool sees. */
export function seenBy(history: History, tool: string): SeenHistory {
  const own = history.tools.get(tool);
  const all = [...history.tools.values()];
  return {
    labels: history.labels,
    untrusted: history.untrusted,
    calls: all.reduce((sum, { calls }) => sum + calls, 0),
    toolCalls: own?.calls ?? 0,
    amounts: Object.fromEntries(own?.amounts ?? []),
  };
}

/** A sum that is taken back was moved as well: the sign of an amount brings no total down. */
function added(
  amounts: ReadonlyMap<string, bigint>,
  amount: RememberedCall["amount"],
): ReadonlyMap<string, bigint> {
  if (amount === undefined) return amounts;
  const { currency, value } = amount;
  return new Map(amounts).set(currency, (amounts.get(currency) ?? 0n) + magnitude(value));
}

export const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);
