import type { Selectable } from "kysely";
import type { Change, Database } from "../database/index.ts";
import { cutPage } from "../http/index.ts";
import type { PersonId } from "../lib/index.ts";
import type { Partner, PartnerDefinition } from "./partner.ts";
import type { PartnerTables } from "./tables-partners.ts";

const partners = (database: Database) => database.tables<PartnerTables>().selectFrom("partner").selectAll();

export async function findPartner(
  database: Database,
  by: { name: string } | { audience: string },
): Promise<Partner | undefined> {
  const found =
    "name" in by
      ? partners(database).where("name", "=", by.name)
      : partners(database).where("audience", "=", by.audience);
  const row = await found.executeTakeFirst();
  return row && partnerOf(row);
}

export async function partnersAfter(
  database: Database,
  { after, limit }: { after?: string | undefined; limit: number },
): Promise<{ items: Partner[]; next?: string }> {
  const rows = await partners(database)
    .where("name", ">", after ?? "")
    .orderBy("name")
    .limit(limit + 1)
    .execute();
  return cutPage(rows.map(partnerOf), limit, ({ name }) => name);
}

/** @param before as it was read: where somebody replaced it meanwhile, the verb decides again */
export function writePartner(change: Change, before: Partner | undefined, after: Partner): void {
  const { name, state, revision, ...definition } = after;
  const values = {
    audience: definition.audience,
    definition: JSON.stringify(definition),
    state,
    revision,
  };
  const tables = change.tables<PartnerTables>();
  if (before === undefined) change.add(tables.insertInto("partner").values({ name, ...values }));
  else {
    const same = tables.updateTable("partner").set(values).where("name", "=", name);
    change.add(same.where("revision", "=", before.revision));
  }
}

/** Guards a change: at its commit the partner is as it was read. */
export function requirePartner(change: Change, { name, revision }: Partner): void {
  change.require(
    change
      .tables<PartnerTables>()
      .selectFrom("partner")
      .select("name")
      .where("name", "=", name)
      .where("revision", "=", revision)
      .where("state", "=", "active"),
  );
}

export async function subjectAt(
  database: Database,
  partner: string,
  person: PersonId,
): Promise<string | undefined> {
  const row = await database
    .tables<PartnerTables>()
    .selectFrom("partner_subject")
    .select("subject")
    .where("partner", "=", partner)
    .where("person", "=", person)
    .executeTakeFirst();
  return row?.subject;
}

export async function subjectIsTaken(database: Database, partner: string, subject: string): Promise<boolean> {
  const row = await database
    .tables<PartnerTables>()
    .selectFrom("partner_subject")
    .select("person")
    .where("partner", "=", partner)
    .where("subject", "=", subject)
    .executeTakeFirst();
  return row !== undefined;
}

export function writeSubject(
  change: Change,
  before: string | undefined,
  { partner, person, subject }: { partner: string; person: PersonId; subject: string },
): void {
  const tables = change.tables<PartnerTables>();
  if (before === undefined)
    change.add(tables.insertInto("partner_subject").values({ partner, person, subject }));
  else {
    const same = tables.updateTable("partner_subject").set({ subject });
    change.add(
      same.where("partner", "=", partner).where("person", "=", person).where("subject", "=", before),
    );
  }
}

const partnerOf = (row: Selectable<PartnerTables["partner"]>): Partner => ({
  ...(JSON.parse(row.definition) as PartnerDefinition),
  name: row.name,
  state: row.state as Partner["state"],
  revision: row.revision,
});
