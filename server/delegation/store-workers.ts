import type { Change, Database } from "../database/index.ts";
import type { DelegationTables } from "./tables.ts";

/** A running copy, and a task. */
export interface Worker {
  readonly task: string;
  readonly instance: string;
}

export function insertWorker(
  change: Change,
  { task, instance, joinedAt }: Worker & { readonly joinedAt: number },
): void {
  change.add(
    change
      .tables<DelegationTables>()
      .insertInto("task_instance")
      .values({ task, instance, joined_at: joinedAt }),
  );
}

export async function worksOn(database: Database, { task, instance }: Worker): Promise<boolean> {
  const workers = database.tables<DelegationTables>().selectFrom("task_instance").select("task");
  const row = await workers.where("instance", "=", instance).where("task", "=", task).executeTakeFirst();
  return row !== undefined;
}

/** A task at work, other than this one, that the copy works on. */
export async function otherOpenTasks(
  database: Database,
  { task, instance }: Worker,
  now: number,
): Promise<string[]> {
  const rows = await database
    .tables<DelegationTables>()
    .selectFrom("task_instance")
    .innerJoin("task", "task.id", "task_instance.task")
    .select("task.id")
    .where("task_instance.instance", "=", instance)
    .where("task.id", "!=", task)
    .where("task.state", "=", "active")
    .where("task.deadline", ">", now)
    .limit(1)
    .execute();
  return rows.map(({ id }) => id);
}
