import type { Change, Database } from "../database/index.ts";
import type { Difference } from "./difference.ts";
import type { PolicyTables } from "./tables.ts";

/** One kind of difference of a shadow, and how often it came up. */
export interface DifferenceRow {
  readonly shadow: string;
  readonly key: string;
  readonly difference: Difference | "unchanged";
  /** Empty, like the agent, where kinds are no longer told apart. */
  readonly action: string;
  readonly agent: string;
  /** Ids of policies: those that decided, and those that would have. */
  readonly active: readonly string[];
  readonly would: readonly string[];
  /** The id of the first such decision. */
  readonly example: string;
  readonly count: number;
  readonly first: number;
  readonly last: number;
}

const rows = (database: Database) => database.tables<PolicyTables>().selectFrom("policy_difference");

/** Whether this kind has been seen, and how many kinds there are of its shadow. */
export async function differenceKeys(
  database: Database,
  shadow: string,
  key: string,
): Promise<{ known: boolean; kinds: number }> {
  const known = await rows(database)
    .select("key")
    .where("shadow", "=", shadow)
    .where("key", "=", key)
    .executeTakeFirst();
  if (known !== undefined) return { known: true, kinds: 1 };
  const counted = await rows(database)
    .select(({ fn }) => fn.countAll().as("kinds"))
    .where("shadow", "=", shadow)
    .executeTakeFirstOrThrow();
  return { known: false, kinds: Number(counted.kinds) };
}

export function insertDifference(change: Change, row: DifferenceRow): void {
  const { shadow, key, difference, action, agent, active, would, example, count, first, last } = row;
  const policies = { active_policies: JSON.stringify(active), shadow_policies: JSON.stringify(would) };
  change.add(
    change
      .tables<PolicyTables>()
      .insertInto("policy_difference")
      .values({ shadow, key, difference, action, agent, ...policies, example, count, first, last }),
  );
}

export function addToDifference(change: Change, { shadow, key, count, last }: DifferenceRow): void {
  const row = change
    .tables<PolicyTables>()
    .updateTable("policy_difference")
    .set(({ eb }) => ({ count: eb("count", "+", count), last }));
  change.add(row.where("shadow", "=", shadow).where("key", "=", key));
}

const MOST_SHOWN = 200;

/** The kinds of difference of a shadow, the most frequent first. */
export async function differencesOf(database: Database, shadow: string): Promise<DifferenceRow[]> {
  const found = await rows(database)
    .selectAll()
    .where("shadow", "=", shadow)
    .where("difference", "<>", "unchanged")
    .orderBy("count", "desc")
    .orderBy("key")
    .limit(MOST_SHOWN)
    .execute();
  return found.map(({ active_policies, shadow_policies, difference, ...row }) => ({
    ...row,
    difference: difference as Difference,
    active: JSON.parse(active_policies) as string[],
    would: JSON.parse(shadow_policies) as string[],
  }));
}

/** How many decisions of each kind there were, the unchanged ones among them. */
export async function differenceTotals(
  database: Database,
  shadow: string,
): Promise<Partial<Record<Difference | "unchanged", number>>> {
  const totals = await rows(database)
    .select(["difference", ({ fn }) => fn.sum<number>("count").as("total")])
    .where("shadow", "=", shadow)
    .groupBy("difference")
    .execute();
  return Object.fromEntries(totals.map(({ difference, total }) => [difference, Number(total)]));
}

/** Forgets what was counted for shadows that have ended. */
export function deleteDifferencesBut(change: Change, shadow: string): void {
  const others = change.tables<PolicyTables>().deleteFrom("policy_difference");
  change.add(others.where("shadow", "<>", shadow), { rows: "any" });
}
