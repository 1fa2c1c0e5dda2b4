import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { HostRefusal } from "../peer/refusal.ts";

export interface Digested {
  /** Lower-case hex. */
  readonly sha256: string;
  /** Which of the texts that were looked for are in it. */
  readonly marks: ReadonlySet<string>;
}

/** Read at once, in bytes. */
const CHUNK = 1 << 20;
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
  const hash = createHash("sha256");
  const finder = markFinder(marks);
  const chunk = Buffer.allocUnsafe(CHUNK);
  let position = 0;
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, CHUNK, position);
    if (bytesRead === 0) break;
    position += bytesRead;
    if (BigInt(position) > stats.size) break;
    const part = chunk.subarray(0, bytesRead);
    hash.update(part);
    finder.look(part);
  }
  const after = await file.stat({ bigint: true });
  if (keyOf(after) !== keyOf(stats) || BigInt(position) !== stats.size)
    throw new HostRefusal("file_changing", "A file changed while it was measured.");
  return { sha256: hash.digest("hex"), marks: finder.found };
}

/** Finds texts across the borders of chunks. */
function markFinder(marks: readonly string[]): { look(part: Buffer): void; found: Set<string> } {
  const found = new Set<string>();
  let tail = Buffer.alloc(0);
  const look = (part: Buffer): void => {
    const border = Buffer.concat([tail, part.subarray(0, 64)]);
    for (const mark of marks)
      if (!found.has(mark) && (part.includes(mark) || border.includes(mark))) found.add(mark);
    tail = Buffer.from(part.subarray(-64));
  };
  return { look, found };
}
