import type { Change, Database } from "../database/index.ts";
import type { Id } from "../lib/index.ts";
import type { Evidence } from "./evidence.ts";
import type { HostTables } from "./tables-hosts.ts";

export function insertEvidence(change: Change, { checks, ...row }: Evidence): void {
  const values = { ...row, checks: JSON.stringify(checks) };
  change.add(change.tables<HostTables>().insertInto("evidence").values(values));
}

const evidenceOf = ({ checks, ...row }: HostTables["evidence"]): Evidence => ({
  ...row,
  id: row.id as Id<"evidence">,
  checks: JSON.parse(checks),
});

export async function evidenceWithId(database: Database, attackerId: string): Promise<Evidence | undefined> {
  const all = database.tables<HostTables>().selectFrom("evidence").selectAll();
  const row = await all.where("id", "=", attackerId).executeTakeFirst();
  return row && evidenceOf(row);
}
