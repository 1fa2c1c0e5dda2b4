import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { hashingThreads, markFinder } from "../measure/index.ts";
import { HostRefusal } from "../peer/refusal.ts";

export interface Digested {
  /** Lower-case hex. */
  readonly sha256: string;
  /** Which of the texts that were looked for are in it. */
  readonly marks: ReadonlySet<string>;
}

/** What is larger is read off this thread, which answers everybody: whose program it is chooses how large. In bytes. */
const SMALL = 1 << 18;
/** How many digests are remembered. */
const MOST = 1000;
/** A file that changed less than this ago, in milliseconds, could change once more without its times telling. */
const SETTLED = 2000;

/** By device, inode, size and both times. */
const remembered = new Map<string, Promise<Digested>>();

/**
 * SHA-256 of an open file, read to its end.
 * @param most bytes; larger ones are refused
 * @param marks texts to look for besides, at most 64 bytes each
 * @throws HostRefusal `file_too_large`, `file_changing`
 */
export async function digestOf(
  file: FileHandle,
  most: number,
  marks: readonly string[] = [],
): Promise<Digested> {
  return readWhole(file, await statsWithin(file, most), marks);
}

/**
 * The same of a file that is being executed, remembered while its inode stays as it is; whoever asks while it is
 * read waits for the same reading. Nobody can write to such a file, and to put its bytes there before, its times
 * had to move. Of other files that is not so: through a shared mapping whose page is still dirty they change
 * without any time telling, hence they are read each time.
 */
export async function digestOfRunning(
  file: FileHandle,
  most: number,
  marks: readonly string[],
): Promise<Digested> {
  const stats = await statsWithin(file, most);
  const key = keyOf(stats);
  const before = remembered.get(key);
  if (before !== undefined) return before;
  const reading = readWhole(file, stats, marks);
  if (Date.now() - Number(stats.ctimeMs) > SETTLED) remember(key, reading);
  return reading;
}

async function statsWithin(file: FileHandle, most: number): Promise<BigIntStats> {
  const stats = await file.stat({ bigint: true });
  if (stats.size <= BigInt(most)) return stats;
  throw new HostRefusal(
    "file_too_large",
    `A file of ${stats.size} bytes is more than the ${most} measured here.`,
  );
}

function remember(key: string, reading: Promise<Digested>): void {
  remembered.set(key, reading);
  reading.catch(() => remembered.delete(key));
  const oldest = remembered.size > MOST ? remembered.keys().next().value : undefined;
  if (oldest !== undefined) remembered.delete(oldest);
}

const keyOf = (stats: BigIntStats): string =>
  [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(":");

async function readWhole(file: FileHandle, stats: BigIntStats, marks: readonly string[]): Promise<Digested> {
  const order = { fd: file.fd, start: 0, end: Number(stats.size), marks };
  const { digest, read, found } =
    stats.size > SMALL
      ? await hashingThreads.hash({ ...order, algorithm: "sha256" })
      : await readHere(file, order);
  const after = await file.stat({ bigint: true });
  if (keyOf(after) !== keyOf(stats) || BigInt(read) !== stats.size)
    throw new HostRefusal("file_changing", "A file changed while it was measured.");
  return { sha256: digest, marks: new Set(found) };
}

async function readHere(file: FileHandle, { end, marks }: { end: number; marks: readonly string[] }) {
  const bytes = Buffer.allocUnsafe(end);
  let read = 0;
  while (read < end) {
    const { bytesRead } = await file.read(bytes, read, end - read, read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  const part = bytes.subarray(0, read);
  const finder = markFinder(marks);
  finder.look(part);
  return { digest: createHash("sha256").update(part).digest("hex"), read, found: finder.found };
}
