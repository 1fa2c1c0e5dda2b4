/**
 * The writer thread of the embedded store. Takes the scripts of a message, and syncs once for all scripts that
 * arrived meanwhile: durable when answered. Where one of them cannot be, the others are none the worse.
 */
import { parentPort, workerData } from "node:worker_threads";
import SqliteDatabase from "better-sqlite3";
import { type Script, type ScriptStep, type StatementName, scriptId, stepsOf } from "./sqlite-script.ts";

/** What the event loop sends: statements that have not been told of, and scripts that are made of those known. */
export interface Sent {
  readonly statements: readonly (readonly [number: number, sql: string])[];
  readonly scripts: readonly Script[];
}

/** Why a script was not written. */
export interface Failure {
  readonly id: number;
  readonly result: "conflict" | "failed";
  readonly step?: number;
  readonly message: string;
}

/** How scripts ended: the ids of those that are durable now, and the others. */
export interface Outcomes {
  readonly committed: readonly number[];
  readonly failures: readonly Failure[];
}

const MOST_SCRIPTS_PER_SYNC = 256;

const database = new SqliteDatabase((workerData as { file: string }).file);
database.pragma("journal_mode = WAL");
database.pragma("synchronous = FULL");
const begin = database.prepare("begin immediate");
const durable = database.prepare("commit");

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

/**
 * All in one transaction. Nearly always all hold; where one does not, they are run once more, each under a savepoint
 * of its own, since savepoints cost each script a copy of every page that it touches.
 */
function commitTogether(scripts: Script[]): Outcomes {
  try {
    begin.run();
    if (scripts.every((script) => firstFailure(script) === undefined)) return committed(scripts, []);
    if (database.inTransaction) database.exec("rollback");
    begin.run();
    return committed(
      scripts,
      scripts.flatMap((script) => underSavepoint(script) ?? []),
    );
  } catch (error) {
    if (database.inTransaction) database.exec("rollback");
    const failed = (script: Script): Failure => ({
      id: scriptId(script),
      result: "failed",
      message: messageOf(error),
    });
    return { committed: [], failures: scripts.map(failed) };
  }
}

/** The commit point: synced when this returns. */
function committed(scripts: Script[], failures: readonly Failure[]): Outcomes {
  durable.run();
  const failed = new Set(failures.map(({ id }) => id));
  return { committed: scripts.map(scriptId).filter((id) => !failed.has(id)), failures };
}

function underSavepoint(script: Script): Failure | undefined {
  database.exec("savepoint script");
  const failure = firstFailure(script);
  // A full disk rolls everything back. A savepoint would then begin a transaction of its own, and its release end that.
  if (!database.inTransaction) throw new Error(failure?.message ?? "the transaction has ended by itself");
  if (failure !== undefined) database.exec("rollback to script");
  database.exec("release script");
  return failure;
}

function firstFailure(script: Script): Failure | undefined {
  let index = 0;
  for (const step of stepsOf(script)) {
    const at = { id: scriptId(script), step: index++ };
    try {
      if (!holds(step)) return { ...at, result: "conflict", message: "a guard hit no row" };
    } catch (error) {
      return { ...at, result: kindOf(error), message: messageOf(error) };
    }
  }
  return undefined;
}

function holds({ required, statement, parameters: sent, rows }: ScriptStep): boolean {
  const parameters = sent.map(bindable);
  if (required) return prepared(statement).get(...parameters) !== undefined;
  const { changes } = prepared(statement).run(...parameters);
  return rows === "any" || rows === changes;
}

function prepared(number: StatementName): SqliteDatabase.Statement {
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

function kindOf(error: unknown): Failure["result"] {
  const code = error instanceof SqliteDatabase.SqliteError ? error.code : "";
  return code === "SQLITE_CONSTRAINT_UNIQUE" || code === "SQLITE_CONSTRAINT_PRIMARYKEY"
    ? "conflict"
    : "failed";
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
