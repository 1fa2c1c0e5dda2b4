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
  const lock = new SqliteDatabase(join(folder, "lock"), { timeout: 0 });
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
