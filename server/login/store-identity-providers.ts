import type { Selectable } from "kysely";
import type { Change, Database } from "../database/index.ts";
import { cutPage } from "../http/index.ts";
import type { PersonId } from "../lib/index.ts";
import { definitionOf, type IdentityProvider, type IdentityProviderDefinition } from "./identity-provider.ts";
import type { IdentityProviderTables } from "./tables-identity-providers.ts";

const providers = (database: Database) =>
  database.tables<IdentityProviderTables>().selectFrom("identity_provider").selectAll();

export async function providerNamed(database: Database, name: string): Promise<IdentityProvider | undefined> {
  const row = await providers(database).where("name", "=", name).executeTakeFirst();
  return row && providerOf(row);
}

/** The provider of this issuer, compared byte by byte. */
export async function providerOfIssuer(
  database: Database,
  attackerIssuer: string,
): Promise<IdentityProvider | undefined> {
  const row = await providers(database).where("issuer", "=", attackerIssuer).executeTakeFirst();
  return row && providerOf(row);
}

export async function providersAfter(
  database: Database,
  { after, limit }: { after?: string | undefined; limit: number },
): Promise<{ items: IdentityProvider[]; next?: string }> {
  const rows = await providers(database)
    .where("name", ">", after ?? "")
    .orderBy("name")
    .limit(limit + 1)
    .execute();
  return cutPage(rows.map(providerOf), limit, ({ name }) => name);
}

export function insertProvider(change: Change, provider: IdentityProvider, now: number): void {
  const { name, issuer, state, epoch, revision } = provider;
  const row = { name, issuer, state, epoch, revision, definition: written(provider), defined_at: now };
  change.add(change.tables<IdentityProviderTables>().insertInto("identity_provider").values(row));
}

/** Replaces a definition, unless somebody else did so meanwhile: then the verb decides again. */
export function replaceProvider(
  change: Change,
  before: IdentityProvider,
  after: IdentityProvider,
  now: number,
): void {
  const { state, epoch, revision } = after;
  change.add(
    change
      .tables<IdentityProviderTables>()
      .updateTable("identity_provider")
      .set({ state, epoch, revision, definition: written(after), defined_at: now })
      .where("name", "=", before.name)
      .where("revision", "=", before.revision),
  );
}

/** Guards a change: at its commit the provider is as it was read. */
export function requireProvider(change: Change, { name, revision }: IdentityProvider): void {
  change.require(
    change
      .tables<IdentityProviderTables>()
      .selectFrom("identity_provider")
      .select("name")
      .where("name", "=", name)
      .where("revision", "=", revision)
      .where("state", "=", "active"),
  );
}

export interface LinkedSubject {
  readonly provider: string;
  readonly subject: string;
  readonly person: PersonId;
}

export function insertSubject(change: Change, link: LinkedSubject, now: number): void {
  const { provider, subject, person } = link;
  const row = { provider, subject, person, linked_at: now };
  change.add(change.tables<IdentityProviderTables>().insertInto("provider_subject").values(row));
}

export function deleteSubject(change: Change, { provider, subject, person }: LinkedSubject): void {
  change.add(
    change
      .tables<IdentityProviderTables>()
      .deleteFrom("provider_subject")
      .where("provider", "=", provider)
      .where("subject", "=", subject)
      .where("person", "=", person),
  );
}

/** From now on no address makes this subject anybody's. */
export function insertUnlinked(
  change: Change,
  { provider, subject }: Pick<LinkedSubject, "provider" | "subject">,
  at: number,
): void {
  const row = change.tables<IdentityProviderTables>().insertInto("unlinked_subject");
  change.add(
    row.values({ provider, subject, at }).onConflict((conflict) => conflict.doNothing()),
    { rows: "any" },
  );
}

export function deleteUnlinked(
  change: Change,
  { provider, subject }: Pick<LinkedSubject, "provider" | "subject">,
): void {
  const rows = change.tables<IdentityProviderTables>().deleteFrom("unlinked_subject");
  change.add(rows.where("provider", "=", provider).where("subject", "=", subject), { rows: "any" });
}

export async function isUnlinked(
  database: Database,
  { provider, subject }: Pick<LinkedSubject, "provider" | "subject">,
): Promise<boolean> {
  const rows = database.tables<IdentityProviderTables>().selectFrom("unlinked_subject").select("at");
  const found = rows.where("provider", "=", provider).where("subject", "=", subject);
  return (await found.executeTakeFirst()) !== undefined;
}

/** Guards a change: at its commit the subject still stands for this person. */
export function requireSubject(change: Change, { provider, subject, person }: LinkedSubject): void {
  change.require(
    change
      .tables<IdentityProviderTables>()
      .selectFrom("provider_subject")
      .select("subject")
      .where("provider", "=", provider)
      .where("subject", "=", subject)
      .where("person", "=", person),
  );
}

export async function linkBy(
  database: Database,
  provider: string,
  by: { subject: string } | { person: string },
): Promise<LinkedSubject | undefined> {
  const links = database
    .tables<IdentityProviderTables>()
    .selectFrom("provider_subject")
    .select(["provider", "subject", "person"])
    .where("provider", "=", provider);
  const row = await ("subject" in by
    ? links.where("subject", "=", by.subject)
    : links.where("person", "=", by.person)
  ).executeTakeFirst();
  return row && { provider: row.provider, subject: row.subject, person: row.person as PersonId };
}

const written = (provider: IdentityProvider): string => JSON.stringify(definitionOf(provider));

const providerOf = (row: Selectable<IdentityProviderTables["identity_provider"]>): IdentityProvider => ({
  ...(JSON.parse(row.definition) as IdentityProviderDefinition),
  name: row.name,
  state: row.state as IdentityProvider["state"],
  epoch: row.epoch,
  revision: row.revision,
});
