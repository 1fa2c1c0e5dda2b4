import type { Change, Database, Migration } from "../database/index.ts";
import type { PolicyFile } from "./policy.ts";

/** A set as it was stored: whole, and never changed. */
export interface StoredSet {
  readonly version: string;
  readonly hash: string;
  readonly author: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly files: readonly PolicyFile[];
}

export interface PolicyTables {
  policy_set: { version: string; hash: string; author: string; at: number; files: string };
  /** One row: which set decides, and how many have before it. */
  policy_head: { name: "active"; version: string; number: number };
}

export const policyMigrations: Migration[] = [
  {
    name: "policy/0001-sets",
    async up(schema, types) {
      await schema
        .createTable("policy_set")
        .addColumn("version", types.text, (column) => column.primaryKey())
        .addColumn("hash", types.text, (column) => column.notNull())
        .addColumn("author", types.text, (column) => column.notNull())
        .addColumn("at", types.instant, (column) => column.notNull())
        .addColumn("files", types.json, (column) => column.notNull())
        .execute();
      await schema
        .createTable("policy_head")
        .addColumn("name", types.text, (column) => column.primaryKey())
        .addColumn("version", types.text, (column) => column.notNull())
        .addColumn("number", types.integer, (column) => column.notNull())
        .execute();
    },
  },
];

export interface Head {
  readonly version: string;
  /** 1 for the first set that ever decided here. */
  readonly number: number;
}

export function head(database: Database): Promise<Head | undefined> {
  return database
    .tables<PolicyTables>()
    .selectFrom("policy_head")
    .select(["version", "number"])
    .where("name", "=", "active")
    .executeTakeFirst();
}

export async function storedSet(database: Database, version: string): Promise<StoredSet | undefined> {
  const row = await database
    .tables<PolicyTables>()
    .selectFrom("policy_set")
    .selectAll()
    .where("version", "=", version)
    .executeTakeFirst();
  return row === undefined ? undefined : { ...row, files: JSON.parse(row.files) as PolicyFile[] };
}

/** The set that decides must still be this one when the change commits. */
export function requireHead(change: Change, version: string): void {
  const heads = change.tables<PolicyTables>().selectFrom("policy_head").select("version");
  change.require(heads.where("name", "=", "active").where("version", "=", version));
}

export function insertSet(change: Change, set: StoredSet): void {
  const row = { ...set, files: JSON.stringify(set.files) };
  change.add(change.tables<PolicyTables>().insertInto("policy_set").values(row));
}

/** Moves the head from where it was read to a stored set; the very first one makes it. */
export function moveHead(change: Change, from: Head | undefined, version: string): void {
  const tables = change.tables<PolicyTables>();
  if (from === undefined) {
    change.add(tables.insertInto("policy_head").values({ name: "active", version, number: 1 }));
    return;
  }
  const move = tables.updateTable("policy_head").set({ version, number: from.number + 1 });
  change.add(move.where("name", "=", "active").where("number", "=", from.number));
}
