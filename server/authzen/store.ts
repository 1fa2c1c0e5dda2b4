import type { Sealer } from "../audit/index.ts";
import type { Change, Database, Migration } from "../database/index.ts";
import type { ServiceId } from "../lib/index.ts";
import type { ApplicationHead, ApplicationVersion } from "./application.ts";

export interface AuthzenTables {
  authzen_application: { name: string; number: number; version: string; services: string };
  authzen_version: {
    application: string;
    number: number;
    version: string;
    hash: string;
    author: string;
    at: number;
    /** The definition and what was read of it, as sealed JSON. */
    sealed: Uint8Array;
  };
  /** One row: how often any application was defined. */
  authzen_head: { name: string; count: number };
  /** Many decisions in each row, by the first and the last of their ids. */
  authzen_decisions: { first: string; last: string; at: number; count: number; sealed: Uint8Array };
}

/** Announced by every change that defines an application. */
export const APPLICATIONS_CHANNEL = "applications";

const HEAD = "applications";
/** Older definitions are forgotten; the log keeps their hashes. */
const KEPT_VERSIONS = 20;

export const authzenMigrations: Migration[] = [
  {
    name: "authzen/0001-applications",
    async up(schema, types) {
      await schema
        .createTable("authzen_application")
        .addColumn("name", types.text, (column) => column.primaryKey())
        .addColumn("number", types.integer, (column) => column.notNull())
        .addColumn("version", types.text, (column) => column.notNull())
        .addColumn("services", types.json, (column) => column.notNull())
        .execute();
      await schema
        .createTable("authzen_version")
        .addColumn("application", types.text, (column) => column.notNull())
        .addColumn("number", types.integer, (column) => column.notNull())
        .addColumn("version", types.text, (column) => column.notNull())
        .addColumn("hash", types.text, (column) => column.notNull())
        .addColumn("author", types.text, (column) => column.notNull())
        .addColumn("at", types.instant, (column) => column.notNull())
        .addColumn("sealed", types.bytes, (column) => column.notNull())
        .addPrimaryKeyConstraint("authzen_version_key", ["application", "number"])
        .execute();
      await schema
        .createTable("authzen_head")
        .addColumn("name", types.text, (column) => column.primaryKey())
        .addColumn("count", types.integer, (column) => column.notNull())
        .execute();
      await schema
        .createTable("authzen_decisions")
        .addColumn("first", types.text, (column) => column.primaryKey())
        .addColumn("last", types.text, (column) => column.notNull())
        .addColumn("at", types.instant, (column) => column.notNull())
        .addColumn("count", types.integer, (column) => column.notNull())
        .addColumn("sealed", types.bytes, (column) => column.notNull())
        .execute();
      await schema.createIndex("authzen_decisions_at").on("authzen_decisions").column("at").execute();
      await schema.createIndex("authzen_decisions_last").on("authzen_decisions").column("last").execute();
    },
  },
];

const tablesOf = (database: Database) => database.tables<AuthzenTables>();

const headOf = ({ services, ...row }: AuthzenTables["authzen_application"]): ApplicationHead => ({
  ...row,
  services: JSON.parse(services) as ServiceId[],
});

/** How often any application was defined: what was read before stands while this does. */
export async function readCount(database: Database): Promise<number> {
  const heads = tablesOf(database).selectFrom("authzen_head").select("count");
  return (await heads.where("name", "=", HEAD).executeTakeFirst())?.count ?? 0;
}

export async function applicationNamed(
  database: Database,
  name: string,
): Promise<ApplicationHead | undefined> {
  const heads = tablesOf(database).selectFrom("authzen_application").selectAll();
  const row = await heads.where("name", "=", name).executeTakeFirst();
  return row && headOf(row);
}

export async function applicationsAfter(
  database: Database,
  { after = "", limit }: { after?: string | undefined; limit: number },
): Promise<ApplicationHead[]> {
  const heads = tablesOf(database).selectFrom("authzen_application").selectAll().where("name", ">", after);
  return (await heads.orderBy("name").limit(limit).execute()).map(headOf);
}

/** A version with its sealed content, or nothing where there is none or it is forgotten. */
export function versionNumbered(
  database: Database,
  application: string,
  number: number,
): Promise<(ApplicationVersion & { readonly sealed: Uint8Array }) | undefined> {
  const versions = tablesOf(database).selectFrom("authzen_version").selectAll();
  return versions.where("application", "=", application).where("number", "=", number).executeTakeFirst();
}

/** The versions of an application, the newest first. */
export function versionsOf(database: Database, application: string): Promise<ApplicationVersion[]> {
  const versions = tablesOf(database)
    .selectFrom("authzen_version")
    .select(["application", "number", "version", "hash", "author", "at"]);
  return versions.where("application", "=", application).orderBy("number", "desc").execute();
}

/** Moves an application from where it was read to a new version, and forgets the oldest. */
export function defineVersion(
  change: Change,
  before: ApplicationHead | undefined,
  after: ApplicationHead,
  version: ApplicationVersion & { readonly sealed: Uint8Array },
): void {
  const tables = change.tables<AuthzenTables>();
  const row = { ...after, services: JSON.stringify(after.services) };
  if (before === undefined) change.add(tables.insertInto("authzen_application").values(row));
  else {
    const { name, number } = before;
    const update = tables.updateTable("authzen_application").set(row);
    change.add(update.where("name", "=", name).where("number", "=", number));
  }
  change.add(tables.insertInto("authzen_version").values(version));
  const old = tables.deleteFrom("authzen_version").where("application", "=", after.name);
  change.add(old.where("number", "<=", after.number - KEPT_VERSIONS), { rows: "any" });
  const counted = tables.insertInto("authzen_head").values({ name: HEAD, count: 1 });
  change.add(
    counted.onConflict((conflict) =>
      conflict.column("name").doUpdateSet((is) => ({ count: is("authzen_head.count", "+", 1) })),
    ),
  );
  change.announce(APPLICATIONS_CHANNEL);
}

const versionPlace = (application: string, number: number): Uint8Array =>
  Buffer.from(`application ${application} ${number}`);

export const sealVersion = (
  sealer: Sealer,
  application: string,
  number: number,
  content: Uint8Array,
): Uint8Array => sealer.seal(content, versionPlace(application, number));

/** @throws Error when the bytes are not what was sealed for this version */
export const openVersion = (
  sealer: Sealer,
  { application, number, sealed }: { application: string; number: number; sealed: Uint8Array },
): string => Buffer.from(sealer.open(sealed, versionPlace(application, number))).toString("utf8");

/** Once, however often it is tried: a commit may have been done although its answer was lost. */
export function insertDecisions(change: Change, row: AuthzenTables["authzen_decisions"]): void {
  const insert = change.tables<AuthzenTables>().insertInto("authzen_decisions").values(row);
  change.add(
    insert.onConflict((conflict) => conflict.column("first").doNothing()),
    { rows: "any" },
  );
}

/** Of the batches that end after a decision only the next few can begin before it: those of each server, and late ones. */
const MOST_AROUND = 200;

/** The batches that may hold a decision, by its id. */
export async function batchesAround(
  database: Database,
  id: string,
): Promise<AuthzenTables["authzen_decisions"][]> {
  const ends = tablesOf(database).selectFrom("authzen_decisions").select(["first", "last"]);
  const next = await ends.where("last", ">=", id).orderBy("last").limit(MOST_AROUND).execute();
  const around = next.filter(({ first }) => first <= id).map(({ first }) => first);
  if (around.length === 0) return [];
  const batches = tablesOf(database).selectFrom("authzen_decisions").selectAll();
  return batches.where("first", "in", around).execute();
}

/** Forgets the decisions before a time. */
export function deleteDecisions(change: Change, before: number): void {
  const old = change.tables<AuthzenTables>().deleteFrom("authzen_decisions").where("at", "<", before);
  change.add(old, { rows: "any" });
}
