import { append, type PerformDeps } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import type { Caller } from "../lib/index.ts";
import { isDeadKey } from "./dead-key.ts";
import { revocationRecorded } from "./events.ts";
import { insertRevocation, openFeed } from "./store.ts";

/** What the functions of this room are handed. */
export type RevocationDeps = PerformDeps;

/** As many of the longest keys as one event can hold. */
const MOST_KEYS_PER_EVENT = 25;

/**
 * Declares things dead, for good, in the caller's change: the rooms that end something call it in the same
 * change. A key that is dead already stays as it was.
 * @param deadKeys such as `task:task_…` or `agent:reporter#3`; see `isDeadKey`
 * @param why a fixed phrase of the calling room such as `task closed`: it stands in the log, so never what
 *   somebody typed
 */
export function revoke(
  deps: RevocationDeps,
  change: Change,
  caller: Caller,
  deadKeys: readonly string[],
  why: string,
): void {
  const keys = [...new Set(deadKeys)];
  // A key that nobody checks would leave alive what the caller believes dead.
  if (!keys.every(isDeadKey)) throw new TypeError("not the key of anything that can die");
  if (keys.length === 0) return;
  openFeed(change);
  for (const key of keys) insertRevocation(change, { key, at: deps.clock.now(), why, by: caller.principal });
  for (let start = 0; start < keys.length; start += MOST_KEYS_PER_EVENT) {
    const some = keys.slice(start, start + MOST_KEYS_PER_EVENT);
    append(change, revocationRecorded(deps, caller, {}, { keys: some, why }));
  }
  change.announce(REVOCATION_CHANNEL);
}

/** Announced by every change that revokes. */
export const REVOCATION_CHANNEL = "revocation";
