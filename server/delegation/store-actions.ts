import type { Selectable } from "kysely";
import type { Change, Database } from "../database/index.ts";
import { cutPage } from "../http/index.ts";
import type { Id } from "../lib/index.ts";
import type { Action, Authority } from "./action.ts";
import type { Page, PageQuery } from "./page.ts";
import type { DelegationTables } from "./tables.ts";

export function insertAction(change: Change, action: Action): void {
  change.add(
    change
      .tables<DelegationTables>()
      .insertInto("action")
      .values({
        id: action.id,
        task: action.task,
        edge: action.edge,
        agent: action.agent,
        instance: action.instance,
        jti: action.jti,
        tool: action.tool,
        labels: JSON.stringify(action.labels),
        args: action.args,
        authority: action.authority,
        called_at: action.calledAt,
        outcome: null,
        returned_at: null,
      }),
  );
}

export function finishActionRow(change: Change, action: Id<"action">, outcome: string, at: number): void {
  change.add(
    change
      .tables<DelegationTables>()
      .updateTable("action")
      .set({ outcome, returned_at: at })
      .where("id", "=", action)
      .where("outcome", "is", null),
  );
}

export async function actionsOf(database: Database, task: string, page: PageQuery): Promise<Page<Action>> {
  const rows = await database
    .tables<DelegationTables>()
    .selectFrom("action")
    .selectAll()
    .where("task", "=", task)
    .where("id", ">", page.after ?? "")
    .orderBy("id")
    .limit(page.limit + 1)
    .execute();
  return cutPage(rows.map(actionOf), page.limit, (row) => row.id);
}

function actionOf(row: Selectable<DelegationTables["action"]>): Action {
  return {
    id: row.id as Id<"action">,
    task: row.task as Id<"task">,
    edge: row.edge as Id<"edge">,
    agent: row.agent,
    instance: row.instance,
    jti: row.jti as Id<"jti">,
    tool: row.tool,
    labels: JSON.parse(row.labels) as string[],
    args: row.args,
    authority: row.authority as Authority,
    calledAt: row.called_at,
    ...(row.outcome === null ? {} : { outcome: row.outcome }),
    ...(row.returned_at === null ? {} : { returnedAt: row.returned_at }),
  };
}
