import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { type Deps, Fault } from "../lib/index.ts";
import { migrate } from "./migrate.ts";
import type { Database } from "./open.ts";
import { PostgresCommit } from "./postgres-commit.ts";
import { leadByAdvisoryLock, PostgresListener } from "./postgres-session.ts";
import type { DatabaseTables, Migration } from "./schema.ts";

const INT8 = 20;

/** Counts and times are far below 2^53, so they may be numbers; the driver's default is text. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (id, format) => (id === INT8 ? Number : pg.types.getTypeParser(id, format as "text")),
};

/** Opens PostgreSQL 15 or later, for any number of servers beside each other. */
export async function openPostgres(
  deps: Deps,
  url: string,
  migrations: readonly Migration[],
): Promise<Database> {
  const options = {
    connectionString: url,
    types,
    connectionTimeoutMillis: 5_000,
    application_name: "countersign",
  };
  const readers = new pg.Pool({ ...options, max: 8 });
  const writers = new pg.Pool({ ...options, max: 8, pipeline: true } as pg.PoolConfig);
  // An idle connection that breaks is replaced at the next use; without a listener it would end the process.
  for (const pool of [readers, writers])
    pool.on("error", (error) => deps.log.warn({ error: error.message }, "lost a database connection"));
  const kysely = new Kysely<DatabaseTables>({ dialect: new PostgresDialect({ pool: readers }) });
  try {
    await refuseOldServers(readers);
    await migrate(kysely, "postgres", migrations, deps.clock);
  } catch (cause) {
    await Promise.allSettled([kysely.destroy(), writers.end()]);
    throw cause instanceof Fault ? cause : unreachable(cause);
  }
  const listener = new PostgresListener(deps, options);
  const commits = new PostgresCommit(writers);
  return {
    engine: "postgres",
    tables: <Tables>() => kysely as unknown as Kysely<Tables>,
    commit: (change) => commits.commit(change),
    listen: (channel, callback) => listener.add(channel, callback),
    lead: (job) => leadByAdvisoryLock(options, job),
    async close() {
      await listener.close();
      await kysely.destroy();
      await writers.end();
    },
  };
}

async function refuseOldServers(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ version: string }>(
    "select current_setting('server_version_num') as version",
  );
  if (Number(rows[0]?.version) >= 150_000) return;
  throw new Fault("unavailable", "This PostgreSQL is older than version 15.", {
    remedy: "Give Countersign PostgreSQL 15 or later.",
  });
}

const unreachable = (cause: unknown): Fault =>
  new Fault("unavailable", "The database that DATABASE_URL names cannot be reached or used.", {
    remedy:
      "Check that PostgreSQL runs there, that the name and password are right, and that the role may create tables.",
    cause,
  });
