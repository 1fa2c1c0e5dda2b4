import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import type { HashType } from "@countersign/proof/model-signature";
import { versionOf } from "./digest-cache.ts";
import { hashingThreads } from "./hashing-threads.ts";
import { MeasureRefusal, refusalOf } from "./refusal.ts";

/** What is smaller is read here: waking a thread costs more. In bytes. */
const SMALL = 1024 * 1024;

export interface HashWanted {
  readonly algorithm: HashType;
  /** Digests of parts of this many bytes, in place of one. */
  readonly shardSize?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onRead?: ((bytes: number) => void) | undefined;
}

const NODE_NAMES: Readonly<Partial<Record<HashType, "sha256" | "blake2b512">>> = {
  sha256: "sha256",
  blake2b: "blake2b512",
};

/**
 * The digests of an open file, lower-case hexadecimal: one, or one for each of its parts in order.
 * @param stats the file's, as it was before
 * @param path for refusals
 * @throws MeasureRefusal `changed-while-read` when somebody wrote to it meanwhile, `unknown-hash`, `unreadable`
 */
export async function hashFile(
  handle: FileHandle,
  stats: BigIntStats,
  path: string,
  { algorithm: name, shardSize, signal, onRead }: HashWanted,
): Promise<string[]> {
  const algorithm = NODE_NAMES[name];
  if (algorithm === undefined)
    throw new MeasureRefusal("unknown-hash", path, `${name} is no hash that this program makes.`);
  const size = Number(stats.size);
  const digests: string[] = [];
  for (const { start, end } of partsOf(size, shardSize)) {
    const ask = { fd: handle.fd, algorithm, start, end, signal, ...(onRead && { onRead }) };
    const { digest, read } = await hashPart(handle, ask).catch((cause) => {
      throw signal?.aborted === true ? cause : refusalOf(path, cause);
    });
    if (read !== end - start) throw hasChanged(path);
    digests.push(digest);
  }
  await requireUnchanged(handle, stats, path);
  return digests;
}

/** The whole, or its parts: an empty file has no part. */
function partsOf(size: number, shardSize: number | undefined): { start: number; end: number }[] {
  if (shardSize === undefined) return [{ start: 0, end: size }];
  const parts = Array.from({ length: Math.ceil(size / shardSize) }, (_, i) => i * shardSize);
  return parts.map((start) => ({ start, end: Math.min(start + shardSize, size) }));
}

type Part = Parameters<typeof hashingThreads.hash>[0];

function hashPart(handle: FileHandle, part: Part): Promise<{ digest: string; read: number }> {
  return part.end - part.start > SMALL ? hashingThreads.hash(part) : hashHere(handle, part);
}

async function hashHere(handle: FileHandle, { algorithm, start, end, signal, onRead }: Part) {
  signal?.throwIfAborted();
  const bytes = Buffer.allocUnsafe(end - start);
  let read = 0;
  while (read < bytes.length) {
    const { bytesRead } = await handle.read(bytes, read, bytes.length - read, start + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  onRead?.(read);
  return { digest: createHash(algorithm).update(bytes.subarray(0, read)).digest("hex"), read };
}

/** @throws MeasureRefusal `changed-while-read` */
async function requireUnchanged(handle: FileHandle, before: BigIntStats, path: string): Promise<void> {
  const after = await handle.stat({ bigint: true });
  if (versionOf(after) !== versionOf(before)) throw hasChanged(path);
}

export const hasChanged = (path: string): MeasureRefusal =>
  new MeasureRefusal("changed-while-read", path, `${path} was written to while it was read.`);
