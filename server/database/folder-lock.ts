import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import SqliteDatabase from "better-sqlite3";
import { Fault } from "../lib/index.ts";

/**
 * Keeps a second process out of the folder. The lock is SQLite's own on a file beside the data: the
 * kernel drops it when the process ends, however it ends, so a kill leaves nothing stale behind.
 * @returns a function that lets go
 * @throws Fault `unavailable` when another process holds it
 */
export function holdFolder(folder: string): () => void {
  const file = join(folder, "lock");
  makePrivateFile(file);
  const lock = new SqliteDatabase(file, { timeout: 0 });
  try {
    lock.pragma("journal_mode = MEMORY");
    lock.exec("begin exclusive");
  } catch (cause) {
    lock.close();
    throw new Fault("unavailable", `Another Countersign is running on the folder ${folder}.`, {
      remedy: "Stop it first, or give this one a folder of its own with --data.",
      cause,
    });
  }
  return () => lock.close();
}

/** Makes an empty file for its owner only, before SQLite would make it by the umask; leaves an existing one. */
export function makePrivateFile(file: string): void {
  closeSync(openSync(file, "a", 0o600));
}
