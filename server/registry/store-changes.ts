import { sql } from "kysely";
import type { Change, Database } from "../database/index.ts";
import type { ChangeTables } from "./tables-changes.ts";

const HEAD = "agents";

/** A change as it is told. */
export interface Changed {
  readonly seq: number;
  readonly watch: string;
}

/** Adds at the next places that these agents changed. Until the change ends, no other one can number any. */
export function insertChanges(change: Change, watches: readonly string[], at: number): void {
  if (watches.length === 0) return;
  const tables = change.tables<ChangeTables>();
  change.lock("feed:agents");
  const head = tables.insertInto("agent_change_head").values({ name: HEAD, seq: 0 });
  change.add(
    head.onConflict((conflict) => conflict.doNothing()),
    { rows: "any" },
  );
  for (const watch of watches) {
    const next = tables
      .updateTable("agent_change_head")
      .set(({ eb, ref }) => ({ seq: eb(ref("seq"), "+", 1) }));
    change.add(next.where("name", "=", HEAD));
    const row = tables
      .selectFrom("agent_change_head")
      .select([
        "seq",
        sql<string>`cast(${watch} as text)`.as("watch"),
        sql<number>`cast(${at} as bigint)`.as("at"),
      ])
      .where("name", "=", HEAD);
    change.add(tables.insertInto("agent_change").columns(["seq", "watch", "at"]).expression(row));
  }
}

export const changesAfter = (database: Database, seq: number, limit: number): Promise<Changed[]> =>
  database
    .tables<ChangeTables>()
    .selectFrom("agent_change")
    .select(["seq", "watch"])
    .where("seq", ">", seq)
    .orderBy("seq")
    .limit(limit)
    .execute();

/** The place of the last change; 0 before the first. */
export async function changesHead(database: Database): Promise<number> {
  const heads = database.tables<ChangeTables>().selectFrom("agent_change_head").select("seq");
  return (await heads.where("name", "=", HEAD).executeTakeFirst())?.seq ?? 0;
}

/** The oldest that is still told, with when it was. */
export const oldestChange = (database: Database): Promise<{ seq: number; at: number } | undefined> =>
  database
    .tables<ChangeTables>()
    .selectFrom("agent_change")
    .select(["seq", "at"])
    .orderBy("seq")
    .limit(1)
    .executeTakeFirst();

/** Forgets at most `limit` of the oldest, as far as they are from before `at`. */
export function pruneChanges(
  change: Change,
  { from, at, limit }: { from: number; at: number; limit: number },
): void {
  const old = change
    .tables<ChangeTables>()
    .deleteFrom("agent_change")
    .where("seq", "<", from + limit);
  change.add(old.where("at", "<", at), { rows: "any" });
}

/** The words of those that have one: the rest nobody was told of. */
export const watchesOf = (agents: readonly { watch: string | null }[]): string[] =>
  agents.flatMap(({ watch }) => watch ?? []);
