import { type Kysely, sql } from "kysely";
import { type Clock, Fault } from "../lib/index.ts";
import {
  columnTypes,
  type DatabaseTables,
  databaseMigrations,
  type Engine,
  type Migration,
} from "./schema.ts";

/** Any number: all servers on one PostgreSQL must ask for the same one. */
const MIGRATION_LOCK = 7_203_117;

/** What is done to a database before it is read, through a connection of its own. */
export type Preparation = (connection: Kysely<DatabaseTables>, engine: Engine) => Promise<void>;

/**
 * Refuses a database whose schema is not exactly this program's, and changes nothing.
 * @throws Fault `unavailable`
 */
export async function requireMigrated(
  connection: Kysely<DatabaseTables>,
  migrations: readonly Migration[],
): Promise<void> {
  const tables = await connection.introspection.getTables();
  const done = tables.some(({ name }) => name === "migration") ? await namesDone(connection) : undefined;
  if (done === undefined || done.size === 0)
    throw new Fault("unavailable", "There is no store of Countersign in this database.", {
      remedy: "Give the place of the one that is meant.",
    });
  const steps = [...databaseMigrations, ...migrations];
  refuseUnknown(done, steps);
  if (steps.every(({ name }) => done.has(name))) return;
  throw new Fault("unavailable", "This store was last served by an older Countersign. Nothing was changed.", {
    remedy: "Do this with that version, or start the newer server on it first.",
  });
}

/**
 * Brings the schema up to date, each step in a transaction of its own, one process at a time. A database
 * that knows a step which this program does not is newer than the program, and is refused untouched.
 */
export async function migrate(
  connection: Kysely<DatabaseTables>,
  engine: Engine,
  migrations: readonly Migration[],
  clock: Clock,
): Promise<void> {
  const steps = [...databaseMigrations, ...migrations];
  await createMigrationTable(connection, engine);
  refuseUnknown(await namesDone(connection), steps);
  for (const step of steps) await runOnce(connection, engine, step, clock);
}

async function createMigrationTable(connection: Kysely<DatabaseTables>, engine: Engine): Promise<void> {
  const types = columnTypes(engine);
  await connection.transaction().execute(async (transaction) => {
    await lockMigrations(transaction, engine);
    await transaction.schema
      .createTable("migration")
      .ifNotExists()
      .addColumn("name", types.text, (column) => column.primaryKey())
      .addColumn("at", types.instant, (column) => column.notNull())
      .execute();
  });
}

async function runOnce(
  connection: Kysely<DatabaseTables>,
  engine: Engine,
  step: Migration,
  clock: Clock,
): Promise<void> {
  await connection.transaction().execute(async (transaction) => {
    await lockMigrations(transaction, engine);
    const done = await namesDone(transaction);
    if (done.has(step.name)) return;
    await step.up(transaction.schema, columnTypes(engine), transaction as unknown as Kysely<object>);
    await transaction.insertInto("migration").values({ name: step.name, at: clock.now() }).execute();
  });
}

async function namesDone(connection: Kysely<DatabaseTables>): Promise<Set<string>> {
  const rows = await connection.selectFrom("migration").select("name").execute();
  return new Set(rows.map((row) => row.name));
}

function refuseUnknown(done: Set<string>, steps: readonly Migration[]): void {
  const known = new Set<string>(steps.map((step) => step.name));
  const unknown = [...done].find((name) => !known.has(name));
  if (unknown === undefined) return;
  throw new Fault("unavailable", `This database was written by a newer Countersign (it knows ${unknown}).`, {
    remedy: "Start the newer version, or restore a backup made before the upgrade.",
  });
}

async function lockMigrations(connection: Kysely<DatabaseTables>, engine: Engine): Promise<void> {
  if (engine === "postgres")
    await sql`select pg_advisory_xact_lock(${sql.lit(MIGRATION_LOCK)})`.execute(connection);
}
