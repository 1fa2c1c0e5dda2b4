import { CompiledQuery, Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { type Deps, Fault } from "../lib/index.ts";
import type { Preparation } from "./migrate.ts";
import type { Database } from "./open.ts";
import { PostgresCommit } from "./postgres-commit.ts";
import { openPool, readingThrough } from "./postgres-pool.ts";
import { leadByAdvisoryLock, PostgresListener } from "./postgres-session.ts";
import type { DatabaseTables } from "./schema.ts";

const INT8 = 20;

/** How long PostgreSQL may say nothing before it counts as away. Nobody who asks waits for ever. */
const LONGEST_SILENCE_MS = 5_000;

/** Counts and times are far below 2^53, so they may be numbers; the driver's default is text. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (id, format) => (id === INT8 ? Number : pg.types.getTypeParser(id, format as "text")),
};

/** Opens PostgreSQL 15 or later, for any number of servers beside each other. */
export async function openPostgres(deps: Deps, url: string, prepare: Preparation): Promise<Database> {
  const patient = {
    connectionString: url,
    types,
    connectionTimeoutMillis: LONGEST_SILENCE_MS,
    keepAlive: true,
    application_name: "countersign",
  };
  await prepareSchema(deps, patient, prepare);
  const options = { ...patient, query_timeout: LONGEST_SILENCE_MS };
  const readers = openPool(deps, { ...options, max: 8 });
  const writers = openPool(deps, { ...options, max: 8, pipeline: true } as pg.PoolConfig);
  const dialect = new PostgresDialect({ pool: readingThrough(readers) });
  const kysely = new Kysely<DatabaseTables>({ dialect });
  const listener = new PostgresListener(deps, options);
  const commits = new PostgresCommit(writers);
  return {
    engine: "postgres",
    tables: <Tables>() => kysely as unknown as Kysely<Tables>,
    read: async <Row>(sql: string, parameters: readonly unknown[]) =>
      (await kysely.executeQuery(CompiledQuery.raw(sql, [...parameters]))).rows as Row[],
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

/** Through a connection of its own: a migration may take longer than any request waits. */
async function prepareSchema(deps: Deps, options: pg.PoolConfig, prepare: Preparation): Promise<void> {
  const pool = openPool(deps, { ...options, max: 1 });
  const kysely = new Kysely<DatabaseTables>({ dialect: new PostgresDialect({ pool }) });
  try {
    await refuseOldServers(pool);
    await prepare(kysely, "postgres");
  } catch (cause) {
    throw cause instanceof Fault ? cause : unreachable(cause);
  } finally {
    await kysely.destroy();
  }
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
