import { chmodSync, existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import SqliteDatabase from "better-sqlite3";
import { Kysely, SqliteDialect } from "kysely";
import { Fault } from "../lib/index.ts";
import { holdFolder, makePrivateFile } from "./folder-lock.ts";
import { KeptReads } from "./kept-reads.ts";
import type { Preparation } from "./migrate.ts";
import { Listeners } from "./notify.ts";
import type { Database } from "./open.ts";
import type { DatabaseTables } from "./schema.ts";
import { SqliteWriter } from "./sqlite-commit.ts";
import { SqliteReader } from "./sqlite-reader.ts";

export const SQLITE_FILE = "countersign.db";

/**
 * Opens the embedded store: one SQLite file in a folder that only we may enter. Reads are direct; writes
 * and their syncs happen on a thread of their own, so they never block the event loop.
 */
export async function openSqlite(folder: string, prepare: Preparation): Promise<Database> {
  closeFolderToOthers(folder);
  const releaseFolder = holdFolder(folder);
  const file = join(folder, SQLITE_FILE);
  try {
    await prepareFile(file, prepare);
    return serve(file, releaseFolder);
  } catch (cause) {
    releaseFolder();
    throw cause instanceof Fault ? cause : corrupt(file, cause);
  }
}

/**
 * Refuses a folder in which no store has been made.
 * @throws Fault `unavailable`
 */
export function requireSqlite(folder: string): void {
  if (existsSync(join(folder, SQLITE_FILE))) return;
  throw new Fault("unavailable", `There is no store of Countersign in ${folder}.`, {
    remedy: "Give the installation's folder with --data, or its database by DATABASE_URL.",
  });
}

async function prepareFile(file: string, prepare: Preparation): Promise<void> {
  makePrivateFile(file);
  const connection = new SqliteDatabase(file);
  const kysely = new Kysely<DatabaseTables>({ dialect: new SqliteDialect({ database: connection }) });
  try {
    connection.pragma("journal_mode = WAL");
    connection.pragma("synchronous = FULL");
    if (statSync(file).size <= CHECKED_WHOLE_BYTES) requireSound(connection);
    await prepare(kysely, "sqlite");
  } finally {
    await kysely.destroy();
    connection.close();
  }
}

/** The check reads every page, so only files are checked whole that it takes no time to read. */
const CHECKED_WHOLE_BYTES = 64 * 1024 * 1024;

function requireSound(connection: SqliteDatabase.Database): void {
  const problem = connection.pragma("quick_check(1)", { simple: true });
  if (problem !== "ok") throw new Error(String(problem));
}

function serve(file: string, releaseFolder: () => void): Database {
  const reader = new SqliteReader(new SqliteDatabase(file, { readonly: true }));
  const kysely = new Kysely<unknown>({ dialect: reader.dialect });
  const writer = new SqliteWriter(file);
  const kept = new KeptReads();
  const listeners = new Listeners();
  return {
    engine: "sqlite",
    tables: <Tables>() => kysely as unknown as Kysely<Tables>,
    read: async (sql, parameters, keep) =>
      keep === undefined
        ? reader.rows(sql, parameters)
        : kept.rows({ sql, parameters, tables: keep }, () => reader.rows(sql, parameters)),
    async commit(change) {
      const answered = kept.change(change);
      await writer.commit(change).finally(answered);
      for (const channel of change.announcements) listeners.tell(channel);
    },
    listen: (channel, callback) => listeners.add(channel, callback),
    // The folder is ours alone, so every job is.
    lead: async () => ({ held: true, release: async () => {} }),
    async close() {
      // The writer last: only it can bring the write-ahead log home, so that the file is whole by itself.
      await kysely.destroy();
      reader.close();
      await writer.close();
      releaseFolder();
    },
  };
}

/** Makes it where there is none, and takes from all others what they may do in it. */
function closeFolderToOthers(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const mode = statSync(folder).mode & 0o077;
    if (mode !== 0) chmodSync(folder, 0o700);
  } catch (cause) {
    throw new Fault("unavailable", `The data folder ${folder} cannot be used.`, {
      remedy: "Give a folder that this user may create and write, with --data.",
      cause,
    });
  }
}

const corrupt = (file: string, cause: unknown): Fault =>
  new Fault(
    "unavailable",
    `The database ${file} cannot be read: it is damaged or not a Countersign database.`,
    {
      remedy: "Restore it from a backup, or start with another folder (--data). Nothing was changed.",
      cause,
    },
  );
