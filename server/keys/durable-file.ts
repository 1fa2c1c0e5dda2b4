import { randomUUID } from "node:crypto";
import { link, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../lib/index.ts";

const PREFIX = ".new-";
const MOST_ATTEMPTS = 5;

/**
 * Creates a file that is there whole or not at all, readable by us only, and durable when this returns.
 * @returns false when the name was taken; whoever came first keeps it
 * @throws Fault `unavailable`
 */
export function createOnce(folder: string, name: string, text: string): Promise<boolean> {
  return place(folder, text, async (temporary) => {
    try {
      await link(temporary, join(folder, name)); // unlike rename, never replaces
      return true;
    } catch (error) {
      if (errorCode(error) === "EEXIST") return false;
      throw error;
    }
  });
}

/**
 * Replaces a file, or creates it: a reader sees the old text or the new one. Durable when this returns.
 * @throws Fault `unavailable`
 */
export function replaceFile(folder: string, name: string, text: string): Promise<void> {
  return place(folder, text, (temporary) => rename(temporary, join(folder, name)));
}

/** Removes a file for good; one that is gone already is no error. */
export async function removeFile(folder: string, name: string): Promise<void> {
  try {
    await rm(join(folder, name), { force: true });
    await syncFolder(folder);
  } catch (cause) {
    throw cannotWrite(folder, cause);
  }
}

/**
 * Removes what a crash left half-made: such a file may be a second name of a key, and would outlive it. A
 * writer at work whose file is swept away writes it again.
 */
export async function sweep(folder: string): Promise<void> {
  const names = await readdir(folder).catch((cause) => Promise.reject(cannotWrite(folder, cause)));
  for (const name of names.filter((each) => each.startsWith(PREFIX))) await removeFile(folder, name);
}

async function place<T>(folder: string, text: string, put: (temporary: string) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    // Unique among all processes whatever randomness a test hands in; it is a name, not a secret.
    const temporary = join(folder, `${PREFIX}${randomUUID()}`);
    try {
      await writeAndSync(temporary, text);
      return await put(temporary);
    } catch (cause) {
      const swept = errorCode(cause) === "ENOENT" && attempt < MOST_ATTEMPTS;
      if (!swept) throw cannotWrite(folder, cause);
    } finally {
      await rm(temporary, { force: true });
      await syncFolder(folder).catch((cause) => Promise.reject(cannotWrite(folder, cause)));
    }
  }
}

async function writeAndSync(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A name is durable only once its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const cannotWrite = (folder: string, cause: unknown): Fault =>
  new Fault("unavailable", `The folder ${folder} cannot be written.`, {
    remedy: "Check that its disk has room and that this user owns it.",
    cause,
  });

/** The system's name for what went wrong, such as `ENOENT`. */
export const errorCode = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;
