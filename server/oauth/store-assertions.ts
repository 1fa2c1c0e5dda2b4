import type { Change, Database } from "../database/index.ts";
import type { Id } from "../lib/index.ts";
import type { PartnerTables } from "./tables-partners.ts";

/** An assertion that began a task. */
export interface AcceptedAssertion {
  readonly key: string;
  readonly request: string;
  readonly task: Id<"task">;
  readonly edge: Id<"edge">;
  readonly expires: number;
}

export async function acceptedAssertion(
  database: Database,
  key: string,
): Promise<AcceptedAssertion | undefined> {
  const accepted = database.tables<PartnerTables>().selectFrom("accepted_assertion").selectAll();
  const row = await accepted.where("key", "=", key).executeTakeFirst();
  return row && { ...row, task: row.task as Id<"task">, edge: row.edge as Id<"edge"> };
}

/** Of any number of changes with the same assertion, one commits. */
export function insertAccepted(change: Change, accepted: AcceptedAssertion): void {
  change.add(change.tables<PartnerTables>().insertInto("accepted_assertion").values(accepted));
}

export function deleteStaleAssertions(change: Change, now: number): void {
  const accepted = change.tables<PartnerTables>().deleteFrom("accepted_assertion");
  change.add(accepted.where("expires", "<=", now), { rows: "any" });
}
