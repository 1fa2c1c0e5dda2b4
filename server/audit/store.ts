import { type Kysely, sql } from "kysely";
import {
  type Change,
  type ColumnTypes,
  type Database,
  type Given,
  type Migration,
  writing,
} from "../database/index.ts";
import { earliestId } from "../lib/index.ts";
import type { Event } from "./event.ts";

/** The log's tables: events as committed, the tree over them, and what was said in confidence. */
export interface AuditTables {
  event: {
    id: string;
    at: number;
    type: string;
    severity: string;
    task: string | null;
    agent: string | null;
    person: string | null;
    /** Canonical JSON: the bytes that the leaf is the hash of. */
    body: string;
    /** Position in the tree; null until sequenced. */
    leaf: number | null;
  };
  log_tile: { level: number; number: number; hashes: Uint8Array };
  /** One row: the size of the tree. */
  log_head: { name: string; size: number; checkpoint: string; at: number };
  /** Values whose commitments stand in events; erased with their subject. */
  concealed: { commitment: string; subject: string; sealed: Uint8Array; at: number };
}

export const auditMigrations: Migration[] = [
  {
    name: "audit/0001-log",
    async up(schema, types) {
      await createEvents(schema, types);
      await createTree(schema, types);
      await schema
        .createTable("concealed")
        .addColumn("commitment", types.text, (column) => column.primaryKey())
        .addColumn("subject", types.text, (column) => column.notNull())
        .addColumn("sealed", types.bytes, (column) => column.notNull())
        .addColumn("at", types.instant, (column) => column.notNull())
        .execute();
    },
  },
];

async function createEvents(schema: Parameters<Migration["up"]>[0], types: ColumnTypes): Promise<void> {
  await schema
    .createTable("event")
    .addColumn("id", types.text, (column) => column.primaryKey())
    .addColumn("at", types.instant, (column) => column.notNull())
    .addColumn("type", types.text, (column) => column.notNull())
    .addColumn("severity", types.text, (column) => column.notNull())
    .addColumn("task", types.text)
    .addColumn("agent", types.text)
    .addColumn("person", types.text)
    .addColumn("body", types.text, (column) => column.notNull())
    .addColumn("leaf", types.integer)
    .execute();
  await schema.createIndex("event_leaf").unique().on("event").column("leaf").execute();
  await schema
    .createIndex("event_waiting")
    .on("event")
    .column("id")
    .where(sql.ref("leaf"), "is", null)
    .execute();
  for (const about of ["task", "agent", "person", "type"]) {
    await schema.createIndex(`event_${about}`).on("event").columns([about, "id"]).execute();
  }
}

async function createTree(schema: Parameters<Migration["up"]>[0], types: ColumnTypes): Promise<void> {
  await schema
    .createTable("log_tile")
    .addColumn("level", types.integer, (column) => column.notNull())
    .addColumn("number", types.integer, (column) => column.notNull())
    .addColumn("hashes", types.bytes, (column) => column.notNull())
    .addPrimaryKeyConstraint("log_tile_key", ["level", "number"])
    .execute();
  await schema
    .createTable("log_head")
    .addColumn("name", types.text, (column) => column.primaryKey())
    .addColumn("size", types.integer, (column) => column.notNull())
    .addColumn("checkpoint", types.text, (column) => column.notNull())
    .addColumn("at", types.instant, (column) => column.notNull())
    .execute();
}

export function insertEvent(change: Change, event: Event, canonical: string): void {
  const { id, at, type, severity, about } = event;
  const { task = null, agent = null, person = null } = about;
  change.add(insert(change, { id, at, type, severity, task, agent, person, body: canonical }));
}

const insert = writing((tables: Kysely<AuditTables>, given: Given<Omit<AuditTables["event"], "leaf">>) =>
  tables.insertInto("event").values({
    id: given("id"),
    at: given("at"),
    type: given("type"),
    severity: given("severity"),
    task: given("task"),
    agent: given("agent"),
    person: given("person"),
    body: given("body"),
    leaf: null,
  }),
);

/** The next events to enter the tree, oldest first. Committed and without a place, never "after the last". */
export function eventsWaiting(database: Database, most: number): Promise<{ id: string; body: string }[]> {
  return database
    .tables<AuditTables>()
    .selectFrom("event")
    .select(["id", "body"])
    .where("leaf", "is", null)
    .orderBy("id")
    .limit(most)
    .execute();
}

const HEAD = "log";

export interface Head {
  readonly size: number;
  /** The signed note; empty before the first. */
  readonly checkpoint: string;
}

/** Where the tree ends. */
export async function readHead(database: Database): Promise<Head> {
  const row = await database
    .tables<AuditTables>()
    .selectFrom("log_head")
    .select(["size", "checkpoint"])
    .where("name", "=", HEAD)
    .executeTakeFirst();
  return row ?? { size: 0, checkpoint: "" };
}

/** Moves the end of the tree, from exactly where it was read: two sequencers can never both do it. */
export function moveHead(change: Change, from: Head, to: Head, at: number): void {
  const tables = change.tables<AuditTables>();
  if (from.size === 0) change.add(tables.insertInto("log_head").values({ name: HEAD, ...to, at }));
  else
    change.add(
      tables
        .updateTable("log_head")
        .set({ ...to, at })
        .where("name", "=", HEAD)
        .where("size", "=", from.size),
    );
}

/** Gives an event its place in the tree, once. */
export function placeEvent(change: Change, id: string, leaf: number): void {
  change.add(placed(change, { id, leaf }));
}

const placed = writing((tables: Kysely<AuditTables>, given: Given<{ id: string; leaf: number }>) =>
  tables
    .updateTable("event")
    .set({ leaf: given("leaf") })
    .where("id", "=", given("id"))
    .where("leaf", "is", null),
);

/** The hashes of a tile, as many as there are; empty where there are none. */
export async function readTile(database: Database, level: number, number: number): Promise<Uint8Array> {
  const row = await database
    .tables<AuditTables>()
    .selectFrom("log_tile")
    .select("hashes")
    .where("level", "=", level)
    .where("number", "=", number)
    .executeTakeFirst();
  return row?.hashes ?? new Uint8Array();
}

export function writeTile(change: Change, level: number, number: number, hashes: Uint8Array): void {
  change.add(
    change
      .tables<AuditTables>()
      .insertInto("log_tile")
      .values({ level, number, hashes })
      .onConflict((conflict) => conflict.columns(["level", "number"]).doUpdateSet({ hashes })),
  );
}

/** The canonical bytes of the entries from `first`, in the order of the tree. */
export async function readEntries(database: Database, first: number, count: number): Promise<Uint8Array[]> {
  const rows = await database
    .tables<AuditTables>()
    .selectFrom("event")
    .select("body")
    .where("leaf", ">=", first)
    .where("leaf", "<", first + count)
    .orderBy("leaf")
    .execute();
  return rows.map((row) => Buffer.from(row.body));
}

export interface EventFilter {
  readonly task?: string | undefined;
  readonly agent?: string | undefined;
  readonly person?: string | undefined;
  readonly type?: string | undefined;
  /** The id after which the page begins. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** A page of events, oldest first. */
export function findEvents(
  database: Database,
  filter: EventFilter,
): Promise<{ id: string; body: string; leaf: number | null }[]> {
  let query = database.tables<AuditTables>().selectFrom("event").select(["id", "body", "leaf"]);
  for (const member of ["task", "agent", "person", "type"] as const) {
    const wanted = filter[member];
    if (wanted !== undefined) query = query.where(member, "=", wanted);
  }
  if (filter.after !== undefined) query = query.where("id", ">", filter.after);
  return query.orderBy("id").limit(filter.limit).execute();
}

/**
 * The newest events of these types about an agent since a time, newest first.
 * @param since milliseconds since the epoch
 */
export function latestEvents(
  database: Database,
  about: { readonly agent: string; readonly types: readonly string[] },
  since: number,
  limit: number,
): Promise<{ body: string }[]> {
  return database
    .tables<AuditTables>()
    .selectFrom("event")
    .select("body")
    .where("agent", "=", about.agent)
    .where("id", ">=", earliestId("event", since))
    .where("type", "in", about.types)
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
}

export function findEvent(
  database: Database,
  id: string,
): Promise<{ body: string; leaf: number | null } | undefined> {
  return database
    .tables<AuditTables>()
    .selectFrom("event")
    .select(["body", "leaf"])
    .where("id", "=", id)
    .executeTakeFirst();
}

export function insertConcealed(change: Change, row: AuditTables["concealed"]): void {
  change.add(concealed(change, row));
}

const concealed = writing((tables: Kysely<AuditTables>, given: Given<AuditTables["concealed"]>) =>
  tables.insertInto("concealed").values({
    commitment: given("commitment"),
    subject: given("subject"),
    sealed: given("sealed"),
    at: given("at"),
  }),
);

export function findConcealed(
  database: Database,
  commitment: string,
): Promise<AuditTables["concealed"] | undefined> {
  const concealed = database.tables<AuditTables>().selectFrom("concealed").selectAll();
  return concealed.where("commitment", "=", commitment).executeTakeFirst();
}

export function deleteConcealed(change: Change, subject: string): void {
  const erase = change.tables<AuditTables>().deleteFrom("concealed").where("subject", "=", subject);
  change.add(erase, { rows: "any" });
}
