import type { Kysely } from "kysely";
import { type Change, type Database, type Given, reading, writing } from "../../database/index.ts";
import type { HostTables } from "../tables-hosts.ts";
import type { Host } from "./host.ts";

const hostOf = ({ once, trust, ...row }: HostTables["host"]): Host => ({
  ...(row as unknown as Host),
  selectors: JSON.parse(row.selectors),
  jwk: JSON.parse(row.jwk),
  ...(once === null ? {} : { once }),
  ...(trust === null ? {} : { trust }),
});

const rowOf = ({ selectors, jwk, once, trust, ...host }: Host): HostTables["host"] => ({
  ...host,
  selectors: JSON.stringify(selectors),
  jwk: JSON.stringify(jwk),
  once: once ?? null,
  trust: trust ?? null,
});

/** By its name, by what it is this time, by its key, or by what attests once only. */
export async function hostKnownAs(
  database: Database,
  key: "name" | "id" | "thumbprint" | "once",
  attackerValue: string,
): Promise<Host | undefined> {
  const [row] = await hostWhere[key](database, { value: attackerValue });
  return row && hostOf(row);
}

const hostBy = (key: "name" | "id" | "thumbprint" | "once") =>
  reading((tables: Kysely<HostTables>, given: Given<{ value: string }>) =>
    tables.selectFrom("host").selectAll().where(key, "=", given("value")),
  );
const hostWhere = {
  name: hostBy("name"),
  id: hostBy("id"),
  thumbprint: hostBy("thumbprint"),
  once: hostBy("once"),
};

export async function hostsAfter(
  database: Database,
  { after = "", limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<Host[]> {
  const hosts = database.tables<HostTables>().selectFrom("host").selectAll().where("name", ">", after);
  return (await hosts.orderBy("name").limit(limit).execute()).map(hostOf);
}

export function insertHost(change: Change, host: Host): void {
  change.add(change.tables<HostTables>().insertInto("host").values(rowOf(host)));
  change.announce(HOSTS_CHANNEL);
}

/** Replaces exactly the record that was read: nobody has joined, renewed or ended meanwhile. */
export function replaceHost(change: Change, before: Host, after: Host): void {
  const update = change.tables<HostTables>().updateTable("host").set(rowOf(after));
  const same = update.where("id", "=", before.id).where("status", "=", before.status);
  change.add(same.where("thumbprint", "=", before.thumbprint));
  change.announce(HOSTS_CHANNEL);
}

/** Guards that the machine may still attest when the change commits. */
export function requireHost(change: Change, { id }: Pick<Host, "id">, now: number): void {
  change.require(hostInForce(change, { id, now }));
}

const hostInForce = writing((tables: Kysely<HostTables>, given: Given<{ id: string; now: number }>) =>
  tables
    .selectFrom("host")
    .select("name")
    .where("id", "=", given("id"))
    .where("status", "=", "active")
    .where("expires", ">", given("now")),
);

/** Announced by every change that machines want to hear of: of machines and of entries. */
export const HOSTS_CHANNEL = "hosts";
