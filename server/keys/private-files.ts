import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  type Stats,
  statSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { Fault } from "../lib/index.ts";
import { errorCode } from "./durable-file.ts";

/** Nothing that is kept so is near this. */
const MOST_BYTES = 65_536;

/**
 * Makes the folder, which only this user may enter, where there is none. Durable when it returns.
 * @throws Fault `unavailable`
 */
export function makePrivateFolder(folder: string): void {
  try {
    const outermost = mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (outermost !== undefined) syncNames(resolve(folder), resolve(outermost));
  } catch (cause) {
    throw unusable(folder, cause);
  }
}

/**
 * Refuses a folder that others could enter, or that another user owns.
 * @throws Fault `unavailable`
 */
export function requirePrivateFolder(folder: string): void {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) throw unusable(folder);
  refuseShared(folder, stats, "700");
}

/** New folders last only once the folders that name them are synced. */
function syncNames(folder: string, outermost: string): void {
  const parent = openSync(dirname(folder), "r");
  fsyncSync(parent);
  closeSync(parent);
  if (folder.length > outermost.length) syncNames(dirname(folder), outermost);
}

/**
 * Reads a file that nobody else could have read. It is judged by its open handle, so it cannot be swapped
 * between the look and the reading, and it may be no link to somewhere else.
 * @returns undefined when there is none
 * @throws Fault `unavailable`
 */
export function readPrivateFile(path: string): string | undefined {
  const handle = openForReading(path);
  if (handle === undefined) return undefined;
  try {
    const stats = fstatSync(handle);
    refuseShared(path, stats, "600");
    if (stats.isFile() && stats.size <= MOST_BYTES) return readFileSync(handle, "utf8");
    throw refusal(
      `${path} is no plain file of at most ${MOST_BYTES} bytes.`,
      "Move it away, or name another one.",
    );
  } finally {
    closeSync(handle);
  }
}

function openForReading(path: string): number | undefined {
  try {
    // Without O_NONBLOCK a pipe of this name would hang the server.
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return undefined;
    throw refusal(
      `${path} cannot be read.`,
      "It must be a plain file that this user owns, not a link.",
      cause,
    );
  }
}

function refuseShared(path: string, stats: Stats, mode: string): void {
  const ours = stats.uid === process.geteuid?.() || stats.uid === 0;
  if (!ours) throw refusal(`${path} belongs to another user.`, `Run: chown $(id -un) ${path}`);
  if ((stats.mode & 0o077) === 0) return;
  throw refusal(
    `${path} can be read or changed by other users of this machine.`,
    `If nobody can have read it yet, run: chmod ${mode} ${path}. Otherwise others may know it: move it away, and have new secrets made.`,
  );
}

const unusable = (folder: string, cause?: unknown): Fault =>
  refusal(`The folder ${folder} cannot be used.`, "Name one that this user may create and write.", cause);

const refusal = (message: string, remedy: string, cause?: unknown): Fault =>
  new Fault("unavailable", message, { remedy, cause });
