import type { Kysely } from "kysely";
import { type Change, type Database, type Given, writing } from "../database/index.ts";
import type { Id } from "../lib/index.ts";
import type { Evidence } from "./evidence.ts";
import type { HostTables } from "./tables-hosts.ts";

export function insertEvidence(change: Change, { checks, ...row }: Evidence): void {
  const values = { ...row, checks: JSON.stringify(checks) };
  change.add(inserted(change, values));
}

const inserted = writing((tables: Kysely<HostTables>, given: Given<HostTables["evidence"]>) =>
  tables.insertInto("evidence").values({
    id: given("id"),
    subject: given("subject"),
    at: given("at"),
    shown: given("shown"),
    checks: given("checks"),
    concluded: given("concluded"),
  }),
);

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

/** The newest of exactly this subject. */
export async function evidenceNewest(
  database: Database,
  subject: string,
): Promise<Id<"evidence"> | undefined> {
  const all = database
    .tables<HostTables>()
    .selectFrom("evidence")
    .select("id")
    .where("subject", "=", subject);
  return (await all.orderBy("id", "desc").limit(1).executeTakeFirst())?.id as Id<"evidence"> | undefined;
}

/** A page of the evidence of all whose SPIFFE IDs begin so, in their order. */
export async function evidenceAfter(
  database: Database,
  {
    under,
    after,
    limit,
  }: { readonly under: string; readonly after?: string | undefined; readonly limit: number },
): Promise<Evidence[]> {
  const all = database.tables<HostTables>().selectFrom("evidence").selectAll();
  const [subject = "", id = ""] = after?.split(" ") ?? [];
  const page = all
    .where("subject", ">=", under)
    .where("subject", "<", `${under}\u007f`)
    .where((of) =>
      of.or([of("subject", ">", subject), of.and([of("subject", "=", subject), of("id", ">", id)])]),
    );
  return (await page.orderBy("subject").orderBy("id").limit(limit).execute()).map(evidenceOf);
}
