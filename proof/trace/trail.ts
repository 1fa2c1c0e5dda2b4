import { isTraceEvent, type TraceEvent } from "./trace-event.ts";

/** The events of one task in the order of time, and the passkeys of people, which belong to no task. */
export type Trail = {
  task: string;
  /** Events of these kinds, oldest first. */
  of: (...types: readonly string[]) => readonly TraceEvent[];
  passkeys: readonly TraceEvent[];
  /** How many events of the task there are. */
  count: number;
  types: readonly string[];
};

/**
 * Sorts out what is about the task. The order in which events are handed over says nothing: their own time
 * does, and among events of the same moment their id.
 */
export function trailOf(attackerEvents: readonly unknown[], task: string): Trail {
  const events = inOrder(once(attackerEvents.filter(isTraceEvent)));
  const ofTask = events.filter(({ about }) => about.task === task);
  const byType = Map.groupBy(ofTask, ({ type }) => type);
  return {
    task,
    of: (...types) => inOrder(types.flatMap((type) => byType.get(type) ?? [])),
    passkeys: events.filter(({ type }) => type === "passkey.enrolled"),
    count: ofTask.length,
    types: [...byType.keys()],
  };
}

const once = (events: readonly TraceEvent[]): TraceEvent[] => [
  ...new Map(inOrder(events).map((event) => [event.id, event])).values(),
];

const inOrder = (events: readonly TraceEvent[]): TraceEvent[] =>
  [...events].sort((a, b) => a.at - b.at || compare(a.id, b.id));

/** By code units, the same on every machine. */
const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
