import type { Change, DatabaseDeps } from "../database/index.ts";
import type { Code } from "../lib/index.ts";
import { requireNoneDead, selectDead } from "./store.ts";

/**
 * Those of the keys that are dead: none means alive.
 * @param keys all that can kill what is looked at, as its `rev` claim lists them
 */
export const deadAmong = ({ database }: DatabaseDeps, keys: readonly string[]): Promise<string[]> =>
  selectDead(database, keys);

/**
 * A guard: the change commits only while none of the keys is dead.
 * @param otherwise the refusal; death is final, so deciding again would not help
 */
export const requireAlive = (change: Change, keys: readonly string[], otherwise: Code = "gone"): void =>
  requireNoneDead(change, keys, otherwise);
