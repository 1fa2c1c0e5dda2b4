import type { Caller } from "../lib/index.ts";
import type { Action } from "./action.ts";
import type { Delegation } from "./delegation.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { visibleTask } from "./find-task.ts";
import type { Page, PageQuery } from "./page.ts";
import { actionsOf } from "./store-actions.ts";
import { delegationsWhere } from "./store-delegations.ts";

/**
 * The delegations of a task, in the order in which they were made.
 * @throws Fault `not-found`, also for whoever may not see the task
 */
export async function taskTree(
  deps: DelegationDeps,
  caller: Caller,
  input: PageQuery & { task: string },
): Promise<Page<Delegation>> {
  const task = await visibleTask(deps, caller, input.task);
  return delegationsWhere(deps.database, { task: task.id }, input);
}

/**
 * The calls that were made within a task, in the order in which they were made.
 * @throws Fault `not-found`, also for whoever may not see the task
 */
export async function taskActions(
  deps: DelegationDeps,
  caller: Caller,
  input: PageQuery & { task: string },
): Promise<Page<Action>> {
  const task = await visibleTask(deps, caller, input.task);
  return actionsOf(deps.database, task.id, input);
}

/** The delegations that the calling agent holds. */
export async function heldDelegations(
  deps: DelegationDeps,
  caller: Caller,
  page: PageQuery,
): Promise<Page<Delegation>> {
  if (caller.kind !== "agent") return { items: [] };
  return delegationsWhere(deps.database, { to_agent: caller.principal }, page);
}
