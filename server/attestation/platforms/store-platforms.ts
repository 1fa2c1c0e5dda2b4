import { sql } from "kysely";
import type { Change, Database } from "../../database/index.ts";
import type { Code, Id } from "../../lib/index.ts";
import type { Page } from "../../registry/index.ts";
import type { Binding, Platform } from "./platform.ts";
import type { PlatformTables } from "./tables-platforms.ts";

/** A platform as it rests: its definition without secrets, and these, sealed. */
export type KeptPlatform = Platform & { readonly sealed: Uint8Array | null };

type Row = PlatformTables["platform"];
const platformOf = ({ id, issuer: _, definition, ...row }: Row): KeptPlatform => ({
  ...row,
  id: id as Id<"platform">,
  definition: JSON.parse(definition) as Platform["definition"],
});

const bindingOf = (row: PlatformTables["platform_binding"]): Binding => ({
  ...row,
  id: row.id as Id<"workload">,
  claims: JSON.parse(row.claims) as Record<string, string>,
});

export async function platformBy(
  database: Database,
  key: "name" | "issuer",
  value: string,
): Promise<KeptPlatform | undefined> {
  const rows = database.tables<PlatformTables>().selectFrom("platform").selectAll();
  const row = await rows.where(key, "=", value).executeTakeFirst();
  return row && platformOf(row);
}

export async function platformsAfter(
  database: Database,
  { after = "", limit }: Page,
): Promise<KeptPlatform[]> {
  const rows = database.tables<PlatformTables>().selectFrom("platform").selectAll();
  return (await rows.where("name", ">", after).orderBy("name").limit(limit).execute()).map(platformOf);
}

export function insertPlatform(change: Change, platform: KeptPlatform): void {
  const { name, revision } = platform;
  change.add(
    change
      .tables<PlatformTables>()
      .insertInto("platform")
      .values({ name, revision, ...rowOf(platform) }),
  );
}

/** Only from the state that was read. */
export function replacePlatform(change: Change, before: Platform, after: KeptPlatform): void {
  const update = change
    .tables<PlatformTables>()
    .updateTable("platform")
    .set({ ...rowOf(after), revision: before.revision + 1 });
  change.add(update.where("name", "=", before.name).where("revision", "=", before.revision), { rows: 1 });
}

const rowOf = ({ id, definition, sealed }: KeptPlatform) => ({
  id,
  issuer: definition.issuer,
  definition: JSON.stringify(definition),
  sealed,
});

export function deletePlatform(change: Change, { name, revision }: Platform): void {
  const rows = change.tables<PlatformTables>().deleteFrom("platform").where("name", "=", name);
  change.add(rows.where("revision", "=", revision), { rows: 1 });
}

export async function wasRemoved(database: Database, name: string): Promise<boolean> {
  const rows = database.tables<PlatformTables>().selectFrom("platform_removed").select("name");
  return (await rows.where("name", "=", name).executeTakeFirst()) !== undefined;
}

export function markRemoved(change: Change, name: string): void {
  change.add(change.tables<PlatformTables>().insertInto("platform_removed").values({ name }));
}

export function forgetRemoved(change: Change, name: string): void {
  change.add(change.tables<PlatformTables>().deleteFrom("platform_removed").where("name", "=", name));
}

/** A guard: nobody has removed it meanwhile. */
export function requireNotRemoved(change: Change, name: string): void {
  const tables = change.tables<PlatformTables>();
  const removed = tables.selectFrom("platform_removed").select("name").where("name", "=", name);
  const open = tables.selectNoFrom(sql.lit(1).as("open"));
  change.require(open.where((builder) => builder.not(builder.exists(removed))));
}

/** A guard: the platform's word is still taken as it was read. */
export function requirePlatform(change: Change, { id }: Pick<Platform, "id">, otherwise?: Code): void {
  const rows = change.tables<PlatformTables>().selectFrom("platform").select("id").where("id", "=", id);
  change.require(rows, otherwise);
}

export async function bindingsOf(
  database: Database,
  of: { readonly platform?: string; readonly agent?: string },
): Promise<Binding[]> {
  let rows = database.tables<PlatformTables>().selectFrom("platform_binding").selectAll();
  if (of.platform !== undefined) rows = rows.where("platform", "=", of.platform);
  if (of.agent !== undefined) rows = rows.where("agent", "=", of.agent);
  return (await rows.orderBy("id").execute()).map(bindingOf);
}

export function insertBinding(change: Change, binding: Binding): void {
  const row = { ...binding, claims: JSON.stringify(binding.claims) };
  change.add(change.tables<PlatformTables>().insertInto("platform_binding").values(row));
}

export function deleteBinding(change: Change, { id }: Pick<Binding, "id">): void {
  const rows = change.tables<PlatformTables>().deleteFrom("platform_binding").where("id", "=", id);
  change.add(rows, { rows: 1 });
}

/** A guard: the rule still stands. */
export function requireBinding(change: Change, { id }: Pick<Binding, "id">): void {
  const rows = change.tables<PlatformTables>().selectFrom("platform_binding").select("id");
  change.require(rows.where("id", "=", id));
}

/** Notes on whose word a running copy rests now. */
export function noteInstance(
  change: Change,
  { instance, platform, binding }: { instance: string; platform: Platform; binding: Binding },
): void {
  const row = { platform: platform.id, binding: binding.id };
  const insert = change
    .tables<PlatformTables>()
    .insertInto("platform_instance")
    .values({ instance, ...row });
  change.add(
    insert.onConflict((conflict) => conflict.column("instance").doUpdateSet(row)),
    { rows: 1 },
  );
}

export async function vouchersOf(
  database: Database,
  instance: string,
): Promise<{ platform: Pick<Platform, "id">; binding: Pick<Binding, "id"> } | undefined> {
  const rows = database.tables<PlatformTables>().selectFrom("platform_instance").selectAll();
  const row = await rows.where("instance", "=", instance).executeTakeFirst();
  return (
    row && {
      platform: { id: row.platform as Id<"platform"> },
      binding: { id: row.binding as Id<"workload"> },
    }
  );
}

/** Uses a token up, for good: of any number of changes with the same one, one commits. */
export function burnToken(change: Change, spent: { readonly key: string; readonly expires: number }): void {
  const insert = change.tables<PlatformTables>().insertInto("spent_platform_token").values(spent);
  change.burn(
    insert.onConflict((conflict) => conflict.column("key").doNothing()),
    "replayed",
  );
}

export async function isBurnt(database: Database, key: string): Promise<boolean> {
  const rows = database.tables<PlatformTables>().selectFrom("spent_platform_token").select("key");
  return (await rows.where("key", "=", key).executeTakeFirst()) !== undefined;
}

export function deleteExpired(change: Change, now: number): void {
  const rows = change.tables<PlatformTables>().deleteFrom("spent_platform_token").where("expires", "<=", now);
  change.add(rows, { rows: "any" });
}
