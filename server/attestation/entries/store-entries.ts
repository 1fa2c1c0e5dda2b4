import type { Kysely } from "kysely";
import { type Change, type Database, type Given, readingIn, writing } from "../../database/index.ts";
import type { Id } from "../../lib/index.ts";
import { HOSTS_CHANNEL } from "../hosts/store-hosts.ts";
import type { HostTables } from "../tables-hosts.ts";
import type { Entry } from "./entry.ts";

/** Whose entries. */
export type Owner = Pick<Entry, "kind" | "principal">;

const entryOf = ({ model, hint, ...row }: HostTables["entry"]): Entry => ({
  ...row,
  id: row.id as Id<"entry">,
  kind: row.kind as Entry["kind"],
  selectors: JSON.parse(row.selectors),
  hosts: JSON.parse(row.hosts),
  files: JSON.parse(row.files),
  vouched_by: JSON.parse(row.vouched_by),
  ...(model === null ? {} : { model: JSON.parse(model) }),
  ...(hint === null ? {} : { hint }),
});

const rowOf = ({
  selectors,
  hosts,
  files,
  vouched_by,
  model,
  hint,
  ...entry
}: Entry): HostTables["entry"] => ({
  ...entry,
  selectors: JSON.stringify(selectors),
  hosts: JSON.stringify(hosts),
  files: JSON.stringify(files),
  vouched_by: JSON.stringify(vouched_by),
  model: model === undefined ? null : JSON.stringify(model),
  hint: hint ?? null,
});

const entries = (database: Pick<Database, "tables">) =>
  database.tables<HostTables>().selectFrom("entry").selectAll();

export async function entriesWithIds(database: Database, attackerIds: readonly string[]): Promise<Entry[]> {
  if (attackerIds.length === 0) return [];
  return (await entriesById(database, attackerIds)).map(entryOf);
}

const entriesById = readingIn((tables: Kysely<HostTables>, ids) =>
  tables.selectFrom("entry").selectAll().where("id", "in", ids),
);

/** All there are, in the order of their ids: as many as administrators have declared. */
export const allEntries = async (database: Database): Promise<Entry[]> =>
  (await entries(database).orderBy("id").execute()).map(entryOf);

export async function entriesOf(database: Database, { kind, principal }: Owner): Promise<Entry[]> {
  const theirs = entries(database).where("kind", "=", kind).where("principal", "=", principal);
  return (await theirs.orderBy("name").execute()).map(entryOf);
}

export function insertEntry(change: Change, entry: Entry): void {
  change.add(change.tables<HostTables>().insertInto("entry").values(rowOf(entry)));
  change.announce(HOSTS_CHANNEL);
}

/** Replaces exactly the record that was read. */
export function replaceEntry(change: Change, before: Entry, after: Entry): void {
  const update = change.tables<HostTables>().updateTable("entry").set(rowOf(after));
  change.add(update.where("id", "=", before.id).where("revision", "=", before.revision));
  change.announce(HOSTS_CHANNEL);
}

export function deleteEntry(change: Change, { id, revision }: Entry): void {
  const entry = change.tables<HostTables>().deleteFrom("entry").where("id", "=", id);
  change.add(entry.where("revision", "=", revision));
  change.announce(HOSTS_CHANNEL);
}

/** Guards that the entry is still the one that was read. */
export function requireEntry(change: Change, { id, revision }: Pick<Entry, "id" | "revision">): void {
  change.require(entryUnchanged(change, { id, revision }));
}

const entryUnchanged = writing((tables: Kysely<HostTables>, given: Given<{ id: string; revision: number }>) =>
  tables
    .selectFrom("entry")
    .select("id")
    .where("id", "=", given("id"))
    .where("revision", "=", given("revision")),
);
