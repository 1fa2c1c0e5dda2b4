import type { Database } from "../database/index.ts";
import type { AgentName, Id, ServiceId } from "../lib/index.ts";
import type { DelegationTables } from "./tables.ts";

/** The task that a service has started on just this, if it has. */
export async function findTaskStartedOn(
  database: Database,
  { principal, on }: { readonly principal: ServiceId; readonly on: string },
): Promise<Id<"task"> | undefined> {
  const tasks = database.tables<DelegationTables>().selectFrom("task").select("id");
  const row = await tasks.where("started_by", "=", principal).where("started_on", "=", on).executeTakeFirst();
  return row?.id as Id<"task"> | undefined;
}

/** How many tasks of an agent are open that no person asked for; it counts no further than `most`. */
export async function countStartedAlone(
  database: Database,
  agent: AgentName,
  now: number,
  most: number,
): Promise<number> {
  const tasks = database.tables<DelegationTables>().selectFrom("task").select("id");
  const open = tasks.where("agent", "=", agent).where("state", "=", "active").where("deadline", ">", now);
  return (await open.where("started_by_kind", "!=", "person").limit(most).execute()).length;
}
