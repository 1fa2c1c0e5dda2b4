import type { PostgresPool, PostgresPoolClient } from "kysely";
import pg from "pg";
import { type Deps, Fault } from "../lib/index.ts";

/** A pool that lives through the loss of the database: broken connections are replaced at the next use. */
export function openPool(deps: Deps, options: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool(options);
  pool.on("error", (error) => deps.log.warn({ error: error.message }, "lost a database connection"));
  // One that breaks in use fails its queries; as an event that nobody hears it would end the process.
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

/** The pool as the query builder reads through it: a database that is away is told as `unavailable`. */
export function readingThrough(pool: pg.Pool): PostgresPool {
  const reading = {
    options: pool.options,
    connect: async () => readingClient(await pool.connect().catch((cause) => Promise.reject(away(cause)))),
    end: () => pool.end(),
  };
  return reading as PostgresPool;
}

function readingClient(client: pg.PoolClient): PostgresPoolClient {
  let broken = false;
  const query = async (sql: string, parameters: readonly unknown[]): Promise<unknown> => {
    try {
      return await client.query(sql, [...parameters]);
    } catch (cause) {
      if (!isAway(cause)) throw cause;
      broken = true;
      throw away(cause);
    }
  };
  return { query, release: () => client.release(broken) } as PostgresPoolClient;
}

/** SQLSTATE classes that speak of the server's state and not of the statement (PostgreSQL, appendix A). */
const OF_THE_SERVER = ["08", "53", "57", "58"];

/** Anything that PostgreSQL itself did not say is a connection that broke, or an answer that did not come. */
function isAway(cause: unknown): boolean {
  const { code = "" } = cause as { code?: string };
  return !/^[0-9A-Z]{5}$/.test(code) || OF_THE_SERVER.includes(code.slice(0, 2));
}

const away = (cause: unknown): Fault =>
  new Fault("unavailable", "The store cannot be read now.", {
    remedy: "Try again; if it stays, the operator should look at the database and the log.",
    cause,
  });
