import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import {
  type HashType,
  IGNORED,
  inOrder,
  namesDigest,
  type Resource,
  rootDigest,
  shardName,
} from "@countersign/proof/model-signature";
import type { MeasuredModel } from "../process/attested.ts";
import { type DigestCache, versionOf } from "./digest-cache.ts";
import { type FoundFile, findFiles } from "./find-files.ts";
import type { Folder } from "./folder.ts";
import { hasChanged, hashFile } from "./hash-file.ts";
import { type Place, placeOf } from "./place.ts";
import { MeasureRefusal } from "./refusal.ts";

/** So many files are open at once. */
const AT_ONCE = 8;

export interface MeasureOptions {
  /** The folder that the process sees as `/`: `/proc/<pid>/root`. This machine's own when left out. */
  readonly root?: string | undefined;
  /** Paths within the model that are left out; `IGNORED` when not said. */
  readonly ignored?: readonly string[] | undefined;
  /** Whether links are followed, wherever they lead. Never for a process's files: only where a person asks. */
  readonly links?: "refuse" | "follow" | undefined;
  readonly algorithm?: HashType | undefined;
  /** Digests of parts of this many bytes, in place of one for each file. */
  readonly shardSize?: number | undefined;
  /** Files that are still as they were read are not read again, but for every tenth time. */
  readonly cache?: DigestCache | undefined;
  /** Ends it: without a cache at once, else whoever else waits for the same file still gets it. */
  readonly signal?: AbortSignal | undefined;
  /** Called about ten times a second. In bytes; what the cache knew is not read. */
  readonly onProgress?: ((so: { readonly read: number; readonly of: number }) => void) | undefined;
}

/** A model as it lies there. */
export interface DigestedModel {
  /** SHA-256 over the resources' digests in order, lower-case hex: what an OpenSSF model signature is over. */
  readonly root: string;
  /** Sorted by name. */
  readonly resources: readonly Resource[];
  readonly files: number;
  /** In bytes. */
  readonly size: number;
}

/**
 * Digests of a model's files, streamed: memory does not grow with the model.
 * @param path absolute; a file, or a folder of files
 * @throws MeasureRefusal whose code says why: a link, a pipe, a name that is not UTF-8, a file that somebody
 *   wrote to meanwhile; the signal's reason
 */
export function digestModel(path: string, options: MeasureOptions = {}): Promise<DigestedModel> {
  return atPlace(path, options, async (place) => {
    const { ignored = IGNORED } = options;
    const files = await findFiles(place, ignored);
    const digested = await digestAll(place, files, options);
    // What was swapped behind our back while others were read is seen now.
    if (fingerprintOf(await findFiles(place, ignored)) !== fingerprintOf(files)) throw hasChanged(path);
    const resources = digested.flat().sort((one, other) => inOrder(one.name, other.name));
    return { root: rootDigest(resources), resources, files: files.length, size: sizeOf(files) };
  });
}

/** What attestation says of a model. @throws MeasureRefusal; the signal's reason */
export async function measureModel(
  { name, path }: { readonly name: string; readonly path: string },
  options: MeasureOptions = {},
): Promise<MeasuredModel> {
  const { root, resources, files, size } = await digestModel(path, options);
  return { name, root, names: namesDigest(resources), files, size };
}

/** SHA-256 of one file, lower-case hex, and its size in bytes. @throws MeasureRefusal; the signal's reason */
export function digestFile(
  path: string,
  options: Omit<MeasureOptions, "shardSize" | "ignored" | "algorithm"> = {},
): Promise<{ sha256: string; size: number }> {
  return atPlace(path, options, async (place) => {
    const stats = await place.folder.look(place.name);
    if (!stats.isFile()) throw new MeasureRefusal("not-a-file", path, `${path} is no file.`);
    const [[resource] = []] = await digestAll(place, [{ name: place.name, stats }], options);
    return { sha256: resource?.digest ?? "", size: Number(stats.size) };
  });
}

async function atPlace<T>(
  path: string,
  options: MeasureOptions,
  use: (place: Place) => Promise<T>,
): Promise<T> {
  const place = await placeOf(path, options.root, options.links);
  try {
    return await use(place);
  } finally {
    await place.folder.close();
  }
}

/** The resources of each file, a few files at a time. */
async function digestAll(
  place: Place,
  files: readonly FoundFile[],
  options: MeasureOptions,
): Promise<Resource[][]> {
  const whole = (await place.folder.look(place.name)).isDirectory() ? [place.name] : [];
  const found: Resource[][] = [];
  const progress = progressOf(sizeOf(files), options);
  const todo = [...files.entries()].reverse();
  const work = async (): Promise<void> => {
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      const [i, file] = next;
      options.signal?.throwIfAborted();
      const names = [...whole, ...file.name.split("/")];
      const digests = await digestsOf(place.folder, names, file, { ...options, ...progress });
      found[i] = resourcesOf(file, digests, options.shardSize);
    }
  };
  const working = Array.from({ length: AT_ONCE }, () => work().finally(() => todo.splice(0)));
  // All have to end before the folder that they read from is closed.
  for (const outcome of await Promise.allSettled(working))
    if (outcome.status === "rejected") throw outcome.reason;
  return found;
}

const sizeOf = (files: readonly FoundFile[]): number =>
  files.reduce((sum, { stats }) => sum + Number(stats.size), 0);

function progressOf(of: number, { onProgress }: MeasureOptions): { onRead?: (bytes: number) => void } {
  if (onProgress === undefined) return {};
  let read = 0;
  return {
    onRead(bytes) {
      read += bytes;
      onProgress({ read, of });
    },
  };
}

type Reading = MeasureOptions & { readonly onRead?: (bytes: number) => void };

/** By the cache where there is one: then the reading is shared with whoever else asks, and goes on without us. */
async function digestsOf(
  folder: Folder,
  names: readonly string[],
  { name, stats }: FoundFile,
  { cache, signal, onRead, algorithm = "sha256", shardSize }: Reading,
): Promise<readonly string[]> {
  const read = async (ends: { signal?: AbortSignal | undefined }): Promise<string[]> => {
    const handle = await openBelow(folder, names);
    try {
      const now = await handle.stat({ bigint: true });
      if (identityOf(now) !== identityOf(stats)) throw hasChanged(name);
      return await hashFile(handle, stats, name, { algorithm, shardSize, onRead, ...ends });
    } finally {
      await handle.close();
    }
  };
  if (cache === undefined) return read({ signal });
  return cache.digests(stats, `${algorithm}:${shardSize ?? ""}`, () => read({}));
}

function resourcesOf({ name, stats }: FoundFile, digests: readonly string[], shardSize?: number): Resource[] {
  if (shardSize === undefined) return [{ name, digest: digests[0] ?? "" }];
  return digests.map((digest, i) => {
    const end = Math.min((i + 1) * shardSize, Number(stats.size));
    return { name: shardName({ path: name, start: i * shardSize, end }), digest };
  });
}

async function openBelow(from: Folder, names: readonly string[]): Promise<FileHandle> {
  const [name = ".", ...rest] = names;
  if (rest.length === 0) return from.file(name);
  const folder = await from.folder(name);
  try {
    return await openBelow(folder, rest);
  } finally {
    await folder.close();
  }
}

const identityOf = (stats: BigIntStats): string => `${stats.dev}:${stats.ino}:${versionOf(stats)}`;

const fingerprintOf = (files: readonly FoundFile[]): string =>
  files.map(({ name, stats }) => `${name}\0${identityOf(stats)}`).join("\0\0");
