import { COUNTED, type Remembered } from "../delegation/index.ts";
import { type ContextRead, isRead, type PolicySet, readsOf, readsOfAny } from "../policy/index.ts";

/** What of the calls before this one a decision may rest on. */
export interface Reading {
  /** The decision about this tool's call. */
  readonly decided: readonly Remembered[];
  /** The decision about any call. */
  readonly watched: readonly Remembered[];
}

/** @param sets those that may decide: the active one, and a canary */
export const readingOf = (sets: readonly PolicySet[], tool: string): Reading => ({
  decided: [...new Set(sets.flatMap((set) => remembered(readsOf(set, tool))))],
  watched: [...new Set(sets.flatMap((set) => remembered(readsOfAny(set))))],
});

function remembered({ members, windows }: ContextRead): Remembered[] {
  const counted = COUNTED.filter(
    (whose) => windows === "any" || windows.some((name) => name.startsWith(`${whose}_`)),
  );
  return [
    ...(isRead("history", members) ? (["history"] as const) : []),
    ...(isRead("window", members) ? counted : []),
  ];
}
