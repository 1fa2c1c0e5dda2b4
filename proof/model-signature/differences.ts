import type { Resource } from "./manifest.ts";

/** One thing about a model that is not as it was signed. */
export interface Difference {
  readonly kind: "missing" | "changed" | "extra";
  readonly name: string;
}

/**
 * What differs between what was signed and what is there: nothing, when it is the model that was signed.
 * @param found resources found by the same rules, in any order
 */
export function differencesFrom(signed: readonly Resource[], found: readonly Resource[]): Difference[] {
  const there = new Map(found.map(({ name, digest }) => [name, digest]));
  const known = new Set(signed.map(({ name }) => name));
  const lost = signed.flatMap(({ name, digest }): Difference[] => {
    const now = there.get(name);
    return now === digest ? [] : [{ kind: now === undefined ? "missing" : "changed", name }];
  });
  const extra = found.filter(({ name }) => !known.has(name));
  return [...lost, ...extra.map(({ name }): Difference => ({ kind: "extra", name }))];
}
