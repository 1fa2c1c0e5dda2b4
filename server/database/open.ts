import type { Kysely } from "kysely";
import type { Deps } from "../lib/index.ts";
import type { Change } from "./change.ts";
import { migrate, type Preparation, requireMigrated } from "./migrate.ts";
import type { Engine, Migration } from "./schema.ts";
import { openSqlite, requireSqlite } from "./sqlite.ts";

/** An open database: reads go through `tables`, writes through `commit`, and nowhere else. */
export interface Database {
  readonly engine: Engine;
  /** The query builder, seen as the tables of one room. For reads, and to build the statements of a change. */
  tables<Tables>(): Kysely<Tables>;
  /**
   * Runs a read whose SQL was built before; see `reading`.
   * @param keep where its rows may be kept while nothing writes them: all tables that it reads
   */
  read<Row>(sql: string, parameters: readonly unknown[], keep?: readonly string[]): Promise<Row[]>;
  /**
   * Runs a change in one transaction; durable when it returns.
   * @throws Conflict when a guard without a refusal of its own hit no row, or two changes met
   * @throws Fault with the guard's own code, or `unavailable` when the database is away or its disk full
   */
  commit(change: Change): Promise<void>;
  /** Calls back after a commit, by any process, that announced this channel. A hint: listeners also poll. */
  listen(channel: string, callback: () => void): () => void;
  /** Tries to become the one process that does a job; undefined while another one is. */
  lead(job: string): Promise<Leadership | undefined>;
  close(): Promise<void>;
}

/** Held until released or until this process or its connection ends. */
export interface Leadership {
  readonly held: boolean;
  release(): Promise<void>;
}

/** What rooms with tables are handed. */
export interface DatabaseDeps extends Deps {
  readonly database: Database;
}

/** Where the data is: a folder for SQLite, or a URL for PostgreSQL 15 or later. */
export type DatabaseLocation = { folder: string } | { url: string };

export async function openDatabase(
  deps: Deps,
  location: DatabaseLocation,
  migrations: readonly Migration[],
): Promise<Database> {
  return open(deps, location, (connection, engine) => migrate(connection, engine, migrations, deps.clock));
}

/**
 * As `openDatabase`, and only what is there already, as this very version keeps it: nothing is made or migrated.
 * @throws Fault `unavailable`, also where there is none or another version has written it
 */
export async function openDatabaseAsItIs(
  deps: Deps,
  location: DatabaseLocation,
  migrations: readonly Migration[],
): Promise<Database> {
  if ("folder" in location) requireSqlite(location.folder);
  return open(deps, location, (connection) => requireMigrated(connection, migrations));
}

async function open(deps: Deps, location: DatabaseLocation, prepare: Preparation): Promise<Database> {
  if ("folder" in location) return openSqlite(location.folder, prepare);
  // The driver is loaded where there is something to drive.
  const { openPostgres } = await import("./postgres.ts");
  return openPostgres(deps, location.url, prepare);
}
