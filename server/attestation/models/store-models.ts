import type { Change, Database } from "../../database/index.ts";
import type { Id } from "../../lib/index.ts";
import type { DeclaredOrigin, ModelVersion } from "./model.ts";
import type { ModelTables } from "./tables-models.ts";

interface Page {
  readonly after?: string | undefined;
  readonly limit: number;
}

/** A version as lists show it: its files may be many. */
export type ListedVersion = Omit<ModelVersion, "resources">;

const vouchedOf = ({ signer, expires }: { signer: string; expires: number | null }) => ({
  signer: signer as Id<"signer">,
  ...(expires === null ? {} : { expires }),
});

const listedOf = ({ expires, ...row }: Omit<ModelTables["model_version"], "resources">): ListedVersion => ({
  ...row,
  ...vouchedOf({ signer: row.signer, expires }),
  id: row.id as Id<"model">,
  status: row.status as ModelVersion["status"],
});

const versionOf = ({ resources, ...row }: ModelTables["model_version"]): ModelVersion => ({
  ...listedOf(row),
  resources: JSON.parse(resources),
});

const originOf = ({ expires, origin, ...row }: ModelTables["model_origin"]): DeclaredOrigin => ({
  ...row,
  ...vouchedOf({ signer: row.signer, expires }),
  model: row.model as Id<"model">,
  origin: JSON.parse(origin),
});

const LISTED = ["id", "name", "root", "signer", "fingerprint", "expires", "status", "registered", "revision"] as const; // biome-ignore format: one list

const versions = (database: Database) => database.tables<ModelTables>().selectFrom("model_version");

/** @param root lower-case hex */
export async function versionNamed(
  database: Database,
  attackerName: string,
  attackerRoot: string,
): Promise<ModelVersion | undefined> {
  const found = versions(database)
    .selectAll()
    .where("name", "=", attackerName)
    .where("root", "=", attackerRoot);
  const row = await found.executeTakeFirst();
  return row && versionOf(row);
}

/** The same without its files. */
export async function listedVersion(
  database: Database,
  attackerName: string,
  attackerRoot: string,
): Promise<ListedVersion | undefined> {
  const found = versions(database)
    .select(LISTED)
    .where("name", "=", attackerName)
    .where("root", "=", attackerRoot);
  const row = await found.executeTakeFirst();
  return row && listedOf(row);
}

export async function isModelKnown(database: Database, attackerName: string): Promise<boolean> {
  const found = versions(database).select("id").where("name", "=", attackerName).limit(1);
  return (await found.executeTakeFirst()) !== undefined;
}

/** By when they were registered; of one name, where one is given. */
export async function versionsAfter(
  database: Database,
  { after = "", limit }: Page,
  name?: string,
): Promise<ListedVersion[]> {
  const all = versions(database).select(LISTED).where("id", ">", after);
  const page = name === undefined ? all : all.where("name", "=", name);
  return (await page.orderBy("id").limit(limit).execute()).map(listedOf);
}

export function insertVersion(change: Change, { expires, resources, ...version }: ModelVersion): void {
  const row = { ...version, resources: JSON.stringify(resources), expires: expires ?? null };
  change.add(change.tables<ModelTables>().insertInto("model_version").values(row));
}

/** Replaces exactly the record that was read; its files stay what they are, but where they are called otherwise now. */
export function replaceVersion(
  change: Change,
  before: ListedVersion,
  after: ListedVersion & Partial<Pick<ModelVersion, "resources">>,
): void {
  const { signer, fingerprint, expires = null, status, revision, resources } = after;
  const update = change.tables<ModelTables>().updateTable("model_version");
  const files = resources === undefined ? {} : { resources: JSON.stringify(resources) };
  const row = { signer, fingerprint, expires, status, revision, ...files };
  change.add(update.set(row).where("id", "=", before.id).where("revision", "=", before.revision));
}

export async function originsOf(database: Database, models: readonly string[]): Promise<DeclaredOrigin[]> {
  if (models.length === 0) return [];
  const origins = database.tables<ModelTables>().selectFrom("model_origin").selectAll();
  return (await origins.where("model", "in", [...models]).execute()).map(originOf);
}

/** Puts it in the place of whatever was said before. */
export function putOrigin(change: Change, before: DeclaredOrigin | undefined, after: DeclaredOrigin): void {
  const { expires, origin, ...rest } = after;
  const row = { ...rest, origin: JSON.stringify(origin), expires: expires ?? null };
  const tables = change.tables<ModelTables>();
  if (before === undefined) {
    change.add(tables.insertInto("model_origin").values(row));
    return;
  }
  const update = tables.updateTable("model_origin").set(row).where("model", "=", before.model);
  change.add(update.where("signed", "=", before.signed).where("brought", "=", before.brought));
}
