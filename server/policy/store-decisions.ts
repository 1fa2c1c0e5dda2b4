import type { Kysely } from "kysely";
import { type Change, type Database, type Given, writing } from "../database/index.ts";
import { earliestId } from "../lib/index.ts";
import type { SealedDecision } from "./decision-record.ts";
import type { PolicyTables } from "./tables.ts";

/** Writes decisions; all in one statement, because many come at a time. */
export function insertDecisions(change: Change, decisions: readonly SealedDecision[]): void {
  const [only, ...more] = decisions;
  if (only !== undefined && more.length === 0) {
    change.add(insertOne(change, only));
    return;
  }
  const rows = change
    .tables<PolicyTables>()
    .insertInto("decision")
    .values([...decisions]);
  change.add(rows, { rows: decisions.length });
}

const insertOne = writing((tables: Kysely<PolicyTables>, given: Given<SealedDecision>) =>
  tables.insertInto("decision").values({
    id: given("id"),
    at: given("at"),
    verdict: given("verdict"),
    version: given("version"),
    action: given("action"),
    agent: given("agent"),
    task: given("task"),
    sealed: given("sealed"),
  }),
);

export async function decisionById(database: Database, id: string): Promise<SealedDecision | undefined> {
  const row = await decisions(database).where("id", "=", id).executeTakeFirst();
  return row && sealedOf(row);
}

/** A span of decisions. Times in milliseconds since the epoch. */
export interface Span {
  readonly since: number;
  readonly until: number;
  /** Of one action or agent alone. */
  readonly action?: string | undefined;
  readonly agent?: string | undefined;
}

/** Decisions of a span, newest first. @param before the id of the last one of the page before */
export async function decisionsWithin(
  database: Database,
  { since, until, action, agent }: Span,
  before: string | undefined,
  limit: number,
): Promise<SealedDecision[]> {
  let query = decisions(database)
    .where("id", ">=", earliestId("decision", since))
    .where("id", "<", before ?? earliestId("decision", until));
  if (action !== undefined) query = query.where("action", "=", action);
  if (agent !== undefined) query = query.where("agent", "=", agent);
  return (await query.orderBy("id", "desc").limit(limit).execute()).map(sealedOf);
}

const decisions = (database: Database) => database.tables<PolicyTables>().selectFrom("decision").selectAll();

const sealedOf = ({ verdict, ...row }: PolicyTables["decision"]): SealedDecision => ({
  ...row,
  verdict: verdict as SealedDecision["verdict"],
});

/** Forgets the oldest, so many at a time that nobody waits for it long. @returns whether there may be more */
export async function deleteDecisionsBefore(
  database: Database,
  change: Change,
  at: number,
  most: number,
): Promise<boolean> {
  const tables = database.tables<PolicyTables>();
  const old = await tables
    .selectFrom("decision")
    .select("id")
    .where("id", "<", earliestId("decision", at))
    .orderBy("id")
    .limit(most)
    .execute();
  const last = old.at(-1);
  if (last === undefined) return false;
  change.add(change.tables<PolicyTables>().deleteFrom("decision").where("id", "<=", last.id), {
    rows: "any",
  });
  return old.length === most;
}
