import type { Selectable } from "kysely";
import type { Change, Database } from "../database/index.ts";
import type { AgentName, Id } from "../lib/index.ts";
import type { WarrantTables } from "./tables-warrants.ts";

/** A link of a warrant as it is known here. Times in milliseconds since the epoch. */
export interface KnownWarrant {
  readonly jti: string;
  readonly root: string;
  readonly edge: Id<"edge">;
  readonly agent: AgentName;
  readonly jkt: string;
  readonly hash: string;
  readonly expires: number;
}

export async function findWarrant(database: Database, jti: string): Promise<KnownWarrant | undefined> {
  const warrants = database.tables<WarrantTables>().selectFrom("warrant").selectAll();
  const row = await warrants.where("jti", "=", jti).executeTakeFirst();
  return row && warrantOf(row);
}

/** An id stands for one link: of two with the same, one is written. */
export function insertWarrant(change: Change, warrant: KnownWarrant, now: number): void {
  change.add(
    change
      .tables<WarrantTables>()
      .insertInto("warrant")
      .values({ ...warrant, seen_at: now }),
  );
}

const warrantOf = ({ seen_at: _, ...row }: Selectable<WarrantTables["warrant"]>): KnownWarrant => ({
  ...row,
  edge: row.edge as Id<"edge">,
});
