import { append, perform } from "../audit/index.ts";
import { system } from "../lib/index.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { taskExpired } from "./events.ts";
import { findTask, moveTask, tasksOverdue } from "./store.ts";
import { aboutTask, stateOf, type Task } from "./task.ts";

const AT_ONCE = 100;

/**
 * Writes down that tasks have reached their deadline. Only a record: a task past its deadline is refused by
 * every verb whether or not this has run, and no token outlives it. Run it every minute or so.
 * @returns how many were overdue; at most a hundred are taken at once
 */
export async function expireTasks(deps: DelegationDeps): Promise<number> {
  const overdue = await tasksOverdue(deps.database, deps.clock.now(), AT_ONCE);
  for (const task of overdue) await expireTask(deps, task.id);
  return overdue.length;
}

function expireTask(deps: DelegationDeps, id: Task["id"]): Promise<void> {
  return perform(deps, system, "task.expire", async (change) => {
    const task = await findTask(deps.database, id);
    const now = deps.clock.now();
    if (task === undefined || task.state === "expired" || stateOf(task, now) !== "expired") return;
    moveTask(change, task, { state: "expired", endedAt: now });
    append(change, taskExpired(deps, system, aboutTask(task), { deadline: task.deadline }));
  });
}
