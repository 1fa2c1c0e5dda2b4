import { type ContextRead, EVERYTHING, readTogether } from "./context-read.ts";
import { readsFor } from "./facts-read.ts";
import type { PolicySet } from "./policy.ts";

/** What was found out for each set before: sets never change, and their schema bounds how many actions there are. */
const found = new WeakMap<PolicySet, Map<string, ContextRead>>();

/**
 * Everything that any policy for this action reads of the context: what has to be gathered, and what must not
 * move before the decision is recorded.
 * @param action a tool's identifier, or one of Countersign's own actions
 * @returns everything for an action that the set's schema does not know
 */
export function readsOf(set: PolicySet, action: string): ContextRead {
  const known = found.get(set) ?? new Map<string, ContextRead>();
  const before = known.get(action);
  if (before !== undefined) return before;
  const { actions } = set.schema[""];
  if (!Object.hasOwn(actions, action)) return EVERYTHING;
  const groups = (actions[action]?.memberOf ?? []).map(({ id }) => id);
  const read = readsFor(set.policies.values(), [action, ...groups]);
  found.set(set, known.set(action, read));
  return read;
}

/** Everything that any policy of a set reads of the context, whatever it is about. */
export function readsOfAny(set: PolicySet): ContextRead {
  const before = foundInAny.get(set);
  if (before !== undefined) return before;
  const read = readTogether([...set.policies.values()].map(({ reads }) => reads));
  foundInAny.set(set, read);
  return read;
}

const foundInAny = new WeakMap<PolicySet, ContextRead>();
