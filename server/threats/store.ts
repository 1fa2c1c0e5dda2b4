import type { Change, Database, Migration } from "../database/index.ts";

/** What agents have been seen to do. */
export interface ThreatsTables {
  tool_habit: { agent: string; tool: string; first_at: number };
}

export const threatsMigrations: Migration[] = [
  {
    name: "threats/0001-habits",
    async up(schema, types) {
      await schema
        .createTable("tool_habit")
        .addColumn("agent", types.text, (column) => column.notNull())
        .addColumn("tool", types.text, (column) => column.notNull())
        .addColumn("first_at", types.instant, (column) => column.notNull())
        .addPrimaryKeyConstraint("tool_habit_key", ["agent", "tool"])
        .execute();
      await schema.createIndex("tool_habit_first").on("tool_habit").columns(["agent", "first_at"]).execute();
    },
  },
];

/** Notes the first use of a tool; later ones change nothing. */
export function noteHabit(change: Change, habit: ThreatsTables["tool_habit"]): void {
  const insert = change.tables<ThreatsTables>().insertInto("tool_habit").values(habit);
  change.add(
    insert.onConflict((conflict) => conflict.doNothing()),
    { rows: "any" },
  );
}

export async function isHabit(database: Database, agent: string, tool: string): Promise<boolean> {
  const habits = database.tables<ThreatsTables>().selectFrom("tool_habit").select("first_at");
  const row = await habits.where("agent", "=", agent).where("tool", "=", tool).executeTakeFirst();
  return row !== undefined;
}

/** How many tools an agent began to use since a time: as many as matter, counted no further. */
export async function newHabits(
  database: Database,
  agent: string,
  since: number,
  most: number,
): Promise<number> {
  const habits = database.tables<ThreatsTables>().selectFrom("tool_habit").select("tool");
  const rows = await habits.where("agent", "=", agent).where("first_at", ">", since).limit(most).execute();
  return rows.length;
}
