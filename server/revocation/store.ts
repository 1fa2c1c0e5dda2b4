import { type ExpressionBuilder, type Kysely, sql } from "kysely";
import { type Change, type Database, type Migration, readingIn, writingIn } from "../database/index.ts";
import type { Code } from "../lib/index.ts";
import { blockMigration } from "./store-blocks.ts";

export interface RevocationTables {
  revocation: {
    /** Place in the feed: 1, 2, 3, … without a gap, visible in this order. */
    seq: number;
    key: string;
    at: number;
    why: string;
    /** Who said so: a principal. */
    by: string;
  };
  /** One row: the place of the last revocation. Never an identity column, which shows out of order. */
  revocation_head: { name: string; seq: number };
}

export const revocationMigrations: Migration[] = [
  {
    name: "revocation/0001-feed",
    async up(schema, types) {
      await schema
        .createTable("revocation")
        .addColumn("seq", types.integer, (column) => column.primaryKey())
        .addColumn("key", types.text, (column) => column.notNull().unique())
        .addColumn("at", types.instant, (column) => column.notNull())
        .addColumn("why", types.text, (column) => column.notNull())
        .addColumn("by", types.text, (column) => column.notNull())
        .execute();
      await schema
        .createTable("revocation_head")
        .addColumn("name", types.text, (column) => column.primaryKey())
        .addColumn("seq", types.integer, (column) => column.notNull())
        .execute();
    },
  },
  blockMigration,
];

/** A revocation as the feed tells it. */
export interface Revoked {
  readonly seq: number;
  readonly key: string;
}

const HEAD = "feed";
/** Most keys in one select; SQLite takes some thirty thousand parameters. */
const MOST_KEYS = 500;

type Builder<Table extends keyof RevocationTables> = ExpressionBuilder<RevocationTables, Table>;

const isNew = (key: string) => (builder: Builder<"revocation_head">) =>
  builder.not(builder.exists(builder.selectFrom("revocation").select("seq").where("key", "=", key)));

/**
 * Takes the feed for this change: until it ends, no other change can number a revocation. Each statement
 * after the lock sees what was committed before it.
 */
export function openFeed(change: Change): void {
  const head = change.tables<RevocationTables>().insertInto("revocation_head").values({ name: HEAD, seq: 0 });
  change.lock("feed:revocation");
  change.add(
    head.onConflict((conflict) => conflict.doNothing()),
    { rows: "any" },
  );
}

/** Adds one revocation at the next place; does nothing for a key that is dead already, which keeps its place. */
export function insertRevocation(
  change: Change,
  { key, at, why, by }: Omit<RevocationTables["revocation"], "seq">,
): void {
  const tables = change.tables<RevocationTables>();
  const next = tables.updateTable("revocation_head").set((builder) => ({ seq: builder("seq", "+", 1) }));
  change.add(next.where("name", "=", HEAD).where(isNew(key)), { rows: "any" });
  const row = tables
    .selectFrom("revocation_head")
    .select(["seq", text(key).as("key"), instant(at).as("at"), text(why).as("why"), text(by).as("by")])
    .where("name", "=", HEAD)
    .where(isNew(key));
  change.add(tables.insertInto("revocation").columns(["seq", "key", "at", "why", "by"]).expression(row), {
    rows: "any",
  });
}

/** PostgreSQL must be told the types of values that it selects. */
const text = (value: string) => sql<string>`cast(${value} as text)`;
const instant = (value: number) => sql<number>`cast(${value} as bigint)`;

/** A guard: none of these is dead when the change commits. */
export function requireNoneDead(change: Change, keys: readonly string[], otherwise: Code): void {
  for (const some of inChunks(keys)) change.require(noneDead(change, some), otherwise);
}

const noneDead = writingIn((tables: Kysely<RevocationTables>, keys) => {
  const dead = tables.selectFrom("revocation").select("seq").where("key", "in", keys);
  const alive = tables.selectNoFrom(sql.lit(1).as("alive"));
  return alive.where((builder) => builder.not(builder.exists(dead)));
});

/** Those of the keys that are dead. */
export async function selectDead(database: Database, keys: readonly string[]): Promise<string[]> {
  const dead: string[] = [];
  for (const some of inChunks(keys)) {
    const rows = await deadOf(database, some);
    dead.push(...rows.map(({ key }) => key));
  }
  return dead;
}

const deadOf = readingIn((tables: Kysely<RevocationTables>, keys) =>
  tables.selectFrom("revocation").select("key").where("key", "in", keys),
);

/** What was revoked after this place, in order. */
export const selectAfter = (database: Database, seq: number, limit: number): Promise<Revoked[]> =>
  revocations(database).select(["seq", "key"]).where("seq", ">", seq).orderBy("seq").limit(limit).execute();

/** The place of the last revocation; 0 before the first. */
export async function selectHead(database: Database): Promise<number> {
  const tables: Kysely<RevocationTables> = database.tables<RevocationTables>();
  const head = await tables
    .selectFrom("revocation_head")
    .select("seq")
    .where("name", "=", HEAD)
    .executeTakeFirst();
  return head?.seq ?? 0;
}

const revocations = (database: Database) => database.tables<RevocationTables>().selectFrom("revocation");

function inChunks(keys: readonly string[]): string[][] {
  const unique = [...new Set(keys)];
  const chunks: string[][] = [];
  for (let start = 0; start < unique.length; start += MOST_KEYS)
    chunks.push(unique.slice(start, start + MOST_KEYS));
  return chunks;
}
