import type { Selectable } from "kysely";
import type { Change, Database } from "../database/index.ts";
import { cutPage } from "../http/index.ts";
import type { Page, PageQuery } from "./page.ts";
import type { PlannedBy, Runbook } from "./runbook.ts";
import type { DelegationTables } from "./tables.ts";

export function insertRunbook(change: Change, runbook: Runbook): void {
  change.add(change.tables<DelegationTables>().insertInto("runbook").values(rowOf(runbook)));
}

/** Another one takes the place of the one that was read. */
export function replaceRunbook(change: Change, before: Runbook, after: Runbook): void {
  const { name: _, ...row } = rowOf(after);
  const update = change.tables<DelegationTables>().updateTable("runbook").set(row);
  change.add(update.where("name", "=", before.name).where("digest", "=", before.digest));
}

/** The runbook must still be the one that was read when the change commits. */
export function requireRunbook(change: Change, { name, digest }: PlannedBy): void {
  const runbooks = change.tables<DelegationTables>().selectFrom("runbook").select("name");
  change.require(runbooks.where("name", "=", name).where("digest", "=", digest));
}

export async function runbookNamed(database: Database, name: string): Promise<Runbook | undefined> {
  const runbooks = database.tables<DelegationTables>().selectFrom("runbook").selectAll();
  const row = await runbooks.where("name", "=", name).executeTakeFirst();
  return row && runbookOf(row);
}

/** A page of runbooks in the order of their names. */
export async function runbooksAfter(database: Database, page: PageQuery): Promise<Page<Runbook>> {
  const rows = await database
    .tables<DelegationTables>()
    .selectFrom("runbook")
    .selectAll()
    .where("name", ">", page.after ?? "")
    .orderBy("name")
    .limit(page.limit + 1)
    .execute();
  return cutPage(rows.map(runbookOf), page.limit, ({ name }) => name);
}

type Row = Selectable<DelegationTables["runbook"]>;

const rowOf = ({ name, description, steps, digest, approvedBy, approvedAt }: Runbook): Row => ({
  name,
  description,
  steps: JSON.stringify(steps),
  digest,
  approved_by: approvedBy,
  approved_at: approvedAt,
});

const runbookOf = (row: Row): Runbook => ({
  name: row.name,
  description: row.description,
  steps: JSON.parse(row.steps) as string[],
  digest: row.digest,
  approvedBy: row.approved_by as Runbook["approvedBy"],
  approvedAt: row.approved_at,
});
