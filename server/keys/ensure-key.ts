import type { Caller } from "../lib/index.ts";
import { createKey } from "./create.ts";
import { ON_DEMAND } from "./key.ts";
import { type FolderDeps, recordKeys } from "./record.ts";

/**
 * Makes the first key of the purpose that few installations need, unless there is one. It is used at once:
 * nobody has read the key set for its sake yet.
 * @throws Fault `unavailable` when the folder cannot be written
 */
export async function ensureKey(deps: FolderDeps, caller: Caller): Promise<void> {
  deps.keys.refresh();
  if (deps.keys.summary().some(({ purpose }) => purpose === ON_DEMAND)) return;
  await createKey(deps, deps.keys, {
    purpose: ON_DEMAND,
    generation: 1,
    activates: deps.clock.now(),
  });
  await recordKeys(deps, caller);
}
