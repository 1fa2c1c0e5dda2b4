/**
 * The writer thread of the embedded store. Takes one script per message, runs each under a savepoint of
 * its own, and syncs once for all scripts that arrived meanwhile: durable when answered.
 */
import { parentPort, workerData } from "node:worker_threads";
import SqliteDatabase from "better-sqlite3";
import type { Step } from "./change.ts";

export interface Script {
  readonly id: number;
  readonly steps: readonly Step[];
}

export interface Outcome {
  readonly id: number;
  readonly result: "committed" | "conflict" | "failed";
  readonly step?: number;
  readonly message: string;
}

const MOST_STATEMENTS = 500;
const MOST_SCRIPTS_PER_SYNC = 256;

const database = new SqliteDatabase((workerData as { file: string }).file);
database.pragma("journal_mode = WAL");
database.pragma("synchronous = FULL");

const statements = new Map<string, SqliteDatabase.Statement>();
const queue: Script[] = [];
let closing = false;
let scheduled = false;

parentPort?.on("message", (message: Script | "close") => {
  if (message === "close") closing = true;
  else queue.push(message);
  if (scheduled) return;
  scheduled = true;
  setImmediate(drain);
});

function drain(): void {
  scheduled = false;
  while (queue.length > 0) parentPort?.postMessage(commitTogether(queue.splice(0, MOST_SCRIPTS_PER_SYNC)));
  if (!closing) return;
  database.close();
  parentPort?.close();
}

function commitTogether(scripts: Script[]): Outcome[] {
  try {
    database.exec("begin immediate");
    const outcomes = scripts.map(runUnderSavepoint);
    database.exec("commit"); // the commit point: synced when this returns
    return outcomes;
  } catch (error) {
    if (database.inTransaction) database.exec("rollback");
    return scripts.map(({ id }) => ({ id, result: "failed", message: messageOf(error) }));
  }
}

function runUnderSavepoint(script: Script): Outcome {
  database.exec("savepoint script");
  const failure = firstFailure(script);
  if (failure !== undefined) {
    // A full disk may already have rolled everything back; then the commit fails and with it the batch.
    if (database.inTransaction) database.exec("rollback to script");
  }
  if (database.inTransaction) database.exec("release script");
  return failure ?? { id: script.id, result: "committed", message: "" };
}

function firstFailure(script: Script): Outcome | undefined {
  for (const [index, step] of script.steps.entries()) {
    try {
      if (!holds(step))
        return { id: script.id, result: "conflict", step: index, message: "a guard hit no row" };
    } catch (error) {
      return { id: script.id, step: index, result: kindOf(error), message: messageOf(error) };
    }
  }
  return undefined;
}

function holds(step: Step): boolean {
  const parameters = step.parameters.map(bindable);
  if (step.kind === "require") return prepared(step.sql).get(...parameters) !== undefined;
  const { changes } = prepared(step.sql).run(...parameters);
  return step.rows === "any" || step.rows === changes;
}

function prepared(sql: string): SqliteDatabase.Statement {
  const known = statements.get(sql);
  if (known !== undefined) return known;
  if (statements.size >= MOST_STATEMENTS) statements.clear();
  const statement = database.prepare(sql);
  statements.set(sql, statement);
  return statement;
}

/** Bytes arrive from the other thread as Uint8Array; the driver takes Buffer. */
const bindable = (value: unknown): unknown =>
  value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;

function kindOf(error: unknown): "conflict" | "failed" {
  const code = error instanceof SqliteDatabase.SqliteError ? error.code : "";
  return code === "SQLITE_CONSTRAINT_UNIQUE" || code === "SQLITE_CONSTRAINT_PRIMARYKEY"
    ? "conflict"
    : "failed";
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
