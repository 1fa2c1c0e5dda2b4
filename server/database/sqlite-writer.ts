/**
 * The writer thread of the embedded store. Takes the scripts of a message, runs each under a savepoint of
 * its own, and syncs once for all scripts that arrived meanwhile: durable when answered.
 */
import { parentPort, workerData } from "node:worker_threads";
import SqliteDatabase from "better-sqlite3";

/** One statement of a script. Most SQL crosses the threads once, and goes by its number then. */
export interface WrittenStep {
  readonly kind: "write" | "require";
  readonly statement: number | string;
  readonly parameters: readonly unknown[];
  readonly rows: number | "any";
}

export interface Script {
  readonly id: number;
  readonly steps: readonly WrittenStep[];
}

/** What the event loop sends: statements that have not been told of, and scripts that are made of those known. */
export interface Sent {
  readonly statements: readonly (readonly [number: number, sql: string])[];
  readonly scripts: readonly Script[];
}

export interface Outcome {
  readonly id: number;
  readonly result: "committed" | "conflict" | "failed";
  readonly step?: number;
  readonly message: string;
}

const MOST_SCRIPTS_PER_SYNC = 256;

const database = new SqliteDatabase((workerData as { file: string }).file);
database.pragma("journal_mode = WAL");
database.pragma("synchronous = FULL");

/** The SQL by its number, prepared when it is first used: a statement that cannot be is its script's failure. */
const told = new Map<number, string>();
const statements = new Map<number, SqliteDatabase.Statement>();
const queue: Script[] = [];
let closing = false;
let scheduled = false;

parentPort?.on("message", (message: Sent | "close") => {
  if (message === "close") closing = true;
  else take(message);
  if (scheduled) return;
  scheduled = true;
  setImmediate(drain);
});

function take({ statements: fresh, scripts }: Sent): void {
  for (const [number, sql] of fresh) told.set(number, sql);
  queue.push(...scripts);
}

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

function holds({ kind, statement, parameters: sent, rows }: WrittenStep): boolean {
  const parameters = sent.map(bindable);
  if (kind === "require") return prepared(statement).get(...parameters) !== undefined;
  const { changes } = prepared(statement).run(...parameters);
  return rows === "any" || rows === changes;
}

function prepared(number: number | string): SqliteDatabase.Statement {
  if (typeof number === "string") return database.prepare(number);
  const known = statements.get(number);
  if (known !== undefined) return known;
  const sql = told.get(number);
  if (sql === undefined) throw new Error("a statement that nobody has told of");
  const statement = database.prepare(sql);
  statements.set(number, statement);
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
