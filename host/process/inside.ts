import { type BigIntStats, closeSync, constants } from "node:fs";
import { type FileHandle, lstat, open, readlink } from "node:fs/promises";
import { join } from "node:path";
import { hasAccessList, LOOK_AT_FOLDER, openInRoot } from "../peer/kernel.ts";
import { HostRefusal } from "../peer/refusal.ts";
import { type Mount, parseMountinfo } from "../proc/mountinfo.ts";
import { notShown, readOf, refuseText } from "../proc/read.ts";

/** The files of a process, as it sees them: through its own root, past which no link leads. */
export interface Inside {
  readonly root: FileHandle;
  readonly mounts: readonly Mount[];
}

/** A file, a folder or a link, and who may do what with it. */
export interface Node {
  readonly stats: BigIntStats;
  /** Whether others are named who may do more than its mode says: then its group's bits are the most of theirs. */
  readonly hasList: boolean;
}

/** One name on the way to a file, links included. */
export interface Step extends Node {
  /** The folder that holds the name. */
  readonly folder: Node;
}

export interface Found {
  /** With no link in it, as the process would see it. */
  readonly real: string;
  /** Every name that was gone through, in order. */
  readonly steps: readonly Step[];
}

/** How many names a path may lead through, links and all. */
const LONGEST = 256;

/** @throws HostRefusal `unreadable`, `peer_exited` */
export async function insideOf(pid: number): Promise<Inside> {
  const mounts = mountsOf(pid);
  const root = await open(`/proc/${pid}/root`, LOOK_AT_FOLDER).catch((error) => {
    throw notShown(pid, error);
  });
  return { root, mounts };
}

/** @throws HostRefusal `unreadable`, `peer_exited` */
export function mountsOf(pid: number): readonly Mount[] {
  const mounts = parseMountinfo(readOf(pid, "mountinfo"));
  if (mounts === undefined) throw refuseText(pid, "mountinfo");
  return mounts;
}

/**
 * Goes to a file name by name, so that every link and folder on the way is seen, and so that nothing is asked
 * of a file system that a user's program serves.
 * @param attackerPath absolute and without `.`, `..` or empty parts
 */
export async function find({ root, mounts }: Inside, attackerPath: string): Promise<Found> {
  const names = namesOf(attackerPath);
  const steps: Step[] = [];
  const base = `/proc/self/fd/${root.fd}`;
  let real = "/";
  let folder = await nodeAt(`${base}/.`, attackerPath);
  for (let left = LONGEST; names.length > 0; left--) {
    const name = names.shift() ?? "";
    if (left === 0) throw missing(attackerPath);
    if (name === "..") {
      real = join(real, "..");
      folder = await nodeAt(`${base}${real}/.`, attackerPath);
      continue;
    }
    const next = join(real, name);
    requireFiles(mounts, next, attackerPath);
    const node = await nodeAt(base + next, attackerPath);
    steps.push({ ...node, folder });
    if (node.stats.isSymbolicLink()) {
      const target = await readlink(base + next);
      names.unshift(...target.split("/").filter((part) => part !== "" && part !== "."));
      if (!target.startsWith("/")) continue;
      real = "/";
      folder = await nodeAt(`${base}/.`, attackerPath);
    } else {
      real = next;
      folder = node;
    }
  }
  return { real, steps };
}

/** The names of an absolute path that means the same whatever links are on the way. */
function namesOf(attackerPath: string): string[] {
  const names = attackerPath.split("/").slice(1);
  if (!isPlainPath(attackerPath))
    throw new HostRefusal(
      "file_path",
      `${JSON.stringify(attackerPath.slice(0, 200))} is no plain absolute path.`,
    );
  return names;
}

/** Absolute, with no empty part, `.`, `..` or control character. */
export const isPlainPath = (attackerPath: string): boolean =>
  attackerPath.length <= 4096 &&
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /^(?:\/(?!\.{1,2}(?:\/|$))[^/\u0000-\u001f\u007f]+)+$/.test(attackerPath);

async function nodeAt(path: string, attackerPath: string): Promise<Node> {
  const stats = await lstat(path, { bigint: true }).catch(() => {
    throw missing(attackerPath);
  });
  return { stats, hasList: hasAccessList(path) };
}

/**
 * Opens a regular file for reading, inside the process's root.
 * @throws HostRefusal `file_path`, `file_missing`, `file_not_regular`, `file_on_user_filesystem`
 */
export async function openInside(
  inside: Inside,
  attackerPath: string,
): Promise<Found & { file: FileHandle }> {
  const found = await find(inside, attackerPath);
  const looked = openInRoot(inside.root.fd, found.real, "refuse");
  if (looked < 0) throw missing(attackerPath);
  try {
    const last = found.steps.at(-1)?.stats;
    if (last?.isFile() !== true)
      throw new HostRefusal("file_not_regular", `${attackerPath} is no regular file.`);
    const file = await open(`/proc/self/fd/${looked}`, constants.O_RDONLY | constants.O_NONBLOCK);
    const { dev, ino } = await file.stat({ bigint: true });
    if (dev === last.dev && ino === last.ino) return { ...found, file };
    await file.close();
    throw new HostRefusal("file_changing", `${attackerPath} was replaced while it was looked at.`);
  } finally {
    closeSync(looked);
  }
}

const missing = (attackerPath: string): HostRefusal =>
  new HostRefusal(
    "file_missing",
    `There is no ${attackerPath} where the process runs, or this host may not see it.`,
    "Declare the path as the process itself would open it.",
  );

/** Asked before anything at that place is. */
function requireFiles(mounts: readonly Mount[], point: string, attackerPath: string): void {
  const there = mounts.filter((mount) => mount.point === point).map(({ kind }) => kind);
  if (there.includes("user")) throw servedByUser(attackerPath);
  if (there.includes("kernel"))
    throw new HostRefusal("file_not_regular", `${attackerPath} is no file but the kernel's own word.`);
}

/**
 * Requires that all that lies below a folder is files too, before any of it is asked.
 * @throws HostRefusal `file_on_user_filesystem`, `file_not_regular`
 */
export function requireFilesBelow(mounts: readonly Mount[], attackerPath: string): void {
  for (const { point } of mounts)
    if (point.startsWith(`${attackerPath}/`)) requireFiles(mounts, point, point);
}

const servedByUser = (attackerPath: string): HostRefusal =>
  new HostRefusal(
    "file_on_user_filesystem",
    `${attackerPath} is on a file system that a user's program serves.`,
    "Put it on a file system of the machine's own.",
  );
