import { type BigIntStats, constants, readlinkSync } from "node:fs";
import { type FileHandle, open, readFile } from "node:fs/promises";
import { LOOK_ONLY } from "../peer/kernel.ts";
import type { Peer } from "../peer/peer.ts";
import { HostRefusal } from "../peer/refusal.ts";
import { parseMaps } from "../proc/maps.ts";
import { type Mount, parseMountinfo } from "../proc/mountinfo.ts";
import { notShown, readOf } from "../proc/read.ts";
import { type Digested, digestOfRunning } from "./digest.ts";
import type { Inside } from "./inside.ts";
import { INTERPRETER_MARKS, interpreterOf, isNamedRightly } from "./interpreter.ts";

export interface Program {
  /** As the process sees it. */
  readonly path: string;
  readonly sha256: string;
  readonly interpreter?: string;
  /** Whether the file and its libraries agree with the interpreter's name. */
  readonly isNamedRightly: boolean;
  /** Device and inode of its file. */
  readonly file: Pick<BigIntStats, "dev" | "ino">;
}

/** 1 GiB: engines of browsers and of models are below a half of it. */
const LARGEST_PROGRAM = 1 << 30;

/**
 * Which program a process runs: its file's path and digest, read through the link that the kernel keeps.
 * @throws HostRefusal `program_deleted`, `program_too_large`, `file_on_user_filesystem`
 */
export async function programRunBy(peer: Peer, { mounts }: Inside): Promise<Program> {
  const looked = await open(`/proc/${peer.pid}/exe`, LOOK_ONLY).catch((error) => {
    throw notShown(peer.pid, error);
  });
  try {
    const path = await pathOf(peer.pid, looked);
    const mount = await mountOf(looked);
    if (!isOwnFile(mount, mounts)) throw servedByUser();
    const { sha256, marks } = await digestOfProgram(looked);
    const libraries = filesMappedBy(peer.pid);
    const interpreter = interpreterOf(path, libraries, marks);
    const program = { path, sha256, file: await looked.stat({ bigint: true }) };
    if (interpreter === undefined) return { ...program, isNamedRightly: true };
    return { ...program, interpreter, isNamedRightly: isNamedRightly(interpreter, libraries, marks) };
  } finally {
    await looked.close();
  }
}

/** Whatever it has mapped must be seen whole: an interpreter could hide behind what is not looked at. */
function filesMappedBy(pid: number): string[] {
  const maps = parseMaps(readOf(pid, "maps"));
  if (maps === undefined) throw new HostRefusal("program_too_large", "It maps more than is looked at.");
  return maps.filter(({ isFile }) => isFile).map(({ path }) => path);
}

async function pathOf(pid: number, looked: FileHandle): Promise<string> {
  const path = readlinkSync(`/proc/${pid}/exe`);
  const { nlink } = await looked.stat();
  if (nlink > 0 && !path.endsWith(" (deleted)")) return path;
  throw new HostRefusal(
    "program_deleted",
    "The file of its program is gone: removed, or replaced by an upgrade.",
    "Start it again from the file that is there now.",
  );
}

/** By the number that the kernel gives the mount, which cannot be covered by another one. */
async function mountOf(looked: FileHandle): Promise<string> {
  const info = await readFile(`/proc/self/fdinfo/${looked.fd}`, "utf8");
  return /^mnt_id:\s*(\d+)$/m.exec(info)?.[1] ?? "";
}

/** A process that has changed its root is not told of mounts outside it, where its program may well be. */
function isOwnFile(mount: string, mounts: readonly Mount[]): boolean {
  const isThere = ({ id, kind }: Mount): boolean => id === mount && kind === "files";
  return mounts.some(isThere) || (parseMountinfo(readOf("self", "mountinfo")) ?? []).some(isThere);
}

async function digestOfProgram(looked: FileHandle): Promise<Digested> {
  const file = await open(`/proc/self/fd/${looked.fd}`, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return await digestOfRunning(file, LARGEST_PROGRAM, INTERPRETER_MARKS);
  } catch (error) {
    if (error instanceof HostRefusal && error.code === "file_too_large")
      throw new HostRefusal("program_too_large", "Its program is larger than what is measured.");
    throw error;
  } finally {
    await file.close();
  }
}

const servedByUser = (): HostRefusal =>
  new HostRefusal(
    "file_on_user_filesystem",
    "Its program is on a file system that a user's program serves.",
    "Put it on a file system of the machine's own.",
  );
