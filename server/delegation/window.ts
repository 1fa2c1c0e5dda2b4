import { hours, minutes } from "../lib/index.ts";

/** Whose calls are counted in sliding windows: they outlive tasks and restarts, and all servers share them. */
export const COUNTED = ["agent", "instance", "person", "resource"] as const;
export type Counted = (typeof COUNTED)[number];

/** How far back a window reaches, in milliseconds. */
export const SPANS = { minute: minutes(1), hour: hours(1), day: hours(24) } as const;
export type Span = keyof typeof SPANS;

/** Calls within each span before now, the one that is decided not included. */
export type WindowCounts = Readonly<Record<Span, number>>;

/** The windows that a decision sees. */
export type Windows = Readonly<Partial<Record<Counted, WindowCounts>>>;

/** Whose windows a call counts in: a person only where it is for one, a resource by its URL. */
export interface CountedFor {
  readonly agent: string;
  readonly instance: string;
  readonly person?: string;
  readonly resource: string;
}

/**
 * Counts calls as windows do.
 * @param times of the calls, and `now`: milliseconds since the epoch. A call that another server's clock has
 *   put ahead of ours counts
 */
export function windowCounts(times: readonly number[], now: number): WindowCounts {
  const since = (span: Span): number => times.filter((at) => at > now - SPANS[span]).length;
  return { minute: since("minute"), hour: since("hour"), day: since("day") };
}
