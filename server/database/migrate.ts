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
    await step.up(transaction.schema, columnTypes(engine));
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
