import { type Caller, Fault } from "../lib/index.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { findTask } from "./store.ts";
import { aboutTask, isPersonOf, mayEnd, requireTask, type Task } from "./task.ts";

/**
 * A task that is done for the caller, herself, in her own session.
 * @throws Fault `not-found`, for everybody else as if there were no such task
 */
export const personalTask = (deps: DelegationDeps, caller: Caller, id: string): Promise<Task> =>
  taskFor(deps, id, (task) => isPersonOf(task, caller));

/**
 * A task that the caller may see: its person, whoever opened it, an administrator.
 * @throws Fault `not-found`
 */
export const visibleTask = (deps: DelegationDeps, caller: Caller, id: string): Promise<Task> =>
  taskFor(deps, id, (task) => mayEnd(task, caller));

async function taskFor(deps: DelegationDeps, id: string, may: (task: Task) => boolean): Promise<Task> {
  const task = requireTask(await findTask(deps.database, id));
  if (may(task)) return task;
  throw new Fault("not-found", "There is no such task.", {
    remedy: "Check its id.",
    record: { about: aboutTask(task) },
  });
}
