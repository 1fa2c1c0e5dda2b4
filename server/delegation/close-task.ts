import { append, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import type { Caller } from "../lib/index.ts";
import { revoke } from "../revocation/index.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { taskClosed } from "./events.ts";
import { visibleTask } from "./find-task.ts";
import { moveTask } from "./store.ts";
import { aboutTask, stateOf, type Task } from "./task.ts";

/**
 * Closes a task: everything that was given for it is dead from the commit on, tokens included. Closing what
 * has ended already changes nothing.
 * @throws Fault `not-found`, also for whoever has no part in the task
 */
export function closeTask(deps: DelegationDeps, caller: Caller, input: { task: string }): Promise<Task> {
  return perform(deps, caller, "task.close", (change) => closeWithin(deps, change, caller, input.task));
}

/** As `closeTask`, within a change that does more besides. */
export async function closeWithin(
  deps: DelegationDeps,
  change: Change,
  caller: Caller,
  attackerTask: string,
): Promise<Task> {
  const task = await visibleTask(deps, caller, attackerTask);
  const now = deps.clock.now();
  const before = stateOf(task, now);
  if (before !== "active" && before !== "awaiting-consent") return { ...task, state: before };
  moveTask(change, task, { state: "closed", endedAt: now });
  revoke(deps, change, caller, [`task:${task.id}`], "task closed");
  append(change, taskClosed(deps, caller, aboutTask(task), { state_before: before }));
  return { ...task, state: "closed", endedAt: now };
}
