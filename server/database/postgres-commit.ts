import type pg from "pg";
import { Fault, isFailure } from "../lib/index.ts";
import { type Change, Conflict, lockOrder, type Step } from "./change.ts";

const SERIALIZATION_FAILURE = "40001";
const DEADLOCK = "40P01";
const UNIQUE_VIOLATION = "23505";
const CONFLICTS = new Set([SERIALIZATION_FAILURE, DEADLOCK, UNIQUE_VIOLATION]);

/** The channel of all announcements; the payload names the topic. */
export const ANNOUNCEMENTS = "countersign";

/**
 * Runs changes on PostgreSQL: the whole script is sent at once, and COMMIT only after every row count has
 * been seen, because a guard that hit no row is no error to SQL.
 */
export class PostgresCommit {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async commit(change: Change): Promise<void> {
    const client = await this.#pool.connect().catch((cause) => Promise.reject(away(cause)));
    let broken = true;
    try {
      const results = await sendAll(client, change);
      const failed = firstFailure(results, change.steps);
      // A connection that has failed is thrown away, and its transaction with it.
      if (failed instanceof Fault && isFailure(failed.code)) throw failed;
      await client.query(failed === undefined ? "commit" : "rollback");
      broken = false;
      if (failed !== undefined) throw failed;
    } catch (cause) {
      throw cause instanceof Fault || cause instanceof Conflict ? cause : away(cause);
    } finally {
      client.release(broken);
    }
  }
}

interface Results {
  before: PromiseSettledResult<pg.QueryResult>[];
  steps: PromiseSettledResult<pg.QueryResult>[];
}

async function sendAll(client: pg.PoolClient, change: Change): Promise<Results> {
  const before = [client.query("begin"), ...lockOrder(change).map((key) => client.query(LOCK, [key]))];
  const steps = change.steps.map((step) => client.query(textOf(step), step.parameters.map(bindable)));
  const after = [...change.announcements].map((topic) => client.query(ANNOUNCE, [topic]));
  const settled = await Promise.allSettled([...before, ...steps, ...after]);
  return {
    before: [...settled.slice(0, before.length), ...settled.slice(before.length + steps.length)],
    steps: settled.slice(before.length, before.length + steps.length),
  };
}

/** Takes the head row of a contended thing, making it where there is none. */
const LOCK =
  'insert into "hot_key" ("key", "version") values ($1, 1) on conflict ("key") do update set "version" = "hot_key"."version" + 1';
const ANNOUNCE = `select pg_notify('${ANNOUNCEMENTS}', $1)`;

const textOf = (step: Step): string => (step.kind === "require" ? `${step.sql} for share` : step.sql);

const bindable = (value: unknown): unknown => (value instanceof Uint8Array ? Buffer.from(value) : value);

function firstFailure({ before, steps }: Results, expected: readonly Step[]): Error | undefined {
  for (const [index, step] of expected.entries()) {
    const failure = failureOf(steps[index], step);
    if (failure !== undefined) return failure;
  }
  const other = before.find((result) => result.status === "rejected");
  return other === undefined ? undefined : classified(other.reason);
}

function failureOf(result: PromiseSettledResult<pg.QueryResult> | undefined, step: Step): Error | undefined {
  if (result === undefined || result.status === "rejected") return classified(result?.reason, step);
  const count = result.value.rowCount ?? 0;
  const met = step.kind === "require" ? count > 0 : step.rows === "any" || step.rows === count;
  return met ? undefined : guardFailed(step, "a guard hit no row");
}

function classified(reason: unknown, step?: Step): Error {
  const { code, message } = reason as { code?: string; message?: string };
  return code !== undefined && CONFLICTS.has(code) ? guardFailed(step, message ?? code) : away(reason);
}

const guardFailed = (step: Step | undefined, message: string): Error =>
  step?.otherwise === undefined
    ? new Conflict(message)
    : new Fault(step.otherwise, "What this request relied on has changed.", {
        remedy: "Look again, then retry.",
      });

const away = (cause: unknown): Fault =>
  new Fault("unavailable", "The store cannot take writes now; nothing was acknowledged.", {
    remedy: "Try again; if it stays, the operator should look at the database and the log.",
    cause,
  });
