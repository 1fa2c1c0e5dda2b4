import { entriesPath, hashSize, tilePath, tileWidth, widthOf } from "../merkle/index.ts";
import { readEntryBundle } from "./entry-bundle.ts";

/**
 * Where the public files of a log are read: a folder, or a server over HTTP. A reader bounds what it takes
 * in (a bundle has at most 17 MB) and throws when a file is missing.
 */
export type LogReader = {
  /** The newest signed checkpoint. */
  checkpoint(): Promise<string>;
  /** A file by its path in tlog-tiles, such as `tile/0/000` or `tile/entries/000.p/12`. */
  tile(path: string): Promise<Uint8Array>;
};

/** Entries as they were read. `torn` says that bytes follow which are no entry. */
export type Bundle = { n: number; width: number; entries: Uint8Array[]; torn: boolean };

/**
 * The bytes of a tile of hashes in a log of `size` entries.
 *
 * @param level counted in tiles
 * @throws whatever the reader throws
 */
export async function readTile(
  reader: LogReader,
  level: number,
  n: number,
  size: number,
): Promise<Uint8Array> {
  const width = widthOf(level, n, size);
  const path = (hashes: number) => tilePath(level, n, hashes);
  return readEither(reader, width, path, (bytes, found) =>
    found > width ? bytes.subarray(0, width * hashSize) : bytes,
  );
}

/** The bundle `n` in a log of `size` entries, with as many entries as it really holds. */
export async function readBundle(reader: LogReader, n: number, size: number): Promise<Bundle> {
  const width = widthOf(0, n, size);
  const path = (entries: number) => entriesPath(n, entries);
  return readEither(reader, width, path, (bytes, found) => {
    const { entries, torn } = readEntryBundle(bytes);
    const isWholeOfMore = found > width && entries.length === found && !torn;
    return { n, width, entries: isWholeOfMore ? entries.slice(0, width) : entries, torn };
  });
}

/**
 * A log that has grown since its checkpoint was read may have dropped the partial file and keep the full one
 * only, as tlog-tiles allows.
 */
async function readEither<T>(
  reader: LogReader,
  width: number,
  path: (width: number) => string,
  read: (bytes: Uint8Array, width: number) => T,
): Promise<T> {
  let bytes: Uint8Array;
  try {
    bytes = await reader.tile(path(width));
  } catch (missing) {
    if (width === tileWidth) throw missing;
    const whole = await reader.tile(path(tileWidth)).catch(() => Promise.reject(missing));
    return read(whole, tileWidth);
  }
  return read(bytes, width);
}

/** All bundles of a log of `size` entries, in order; the next is being read while one is judged. */
export async function* readBundles(reader: LogReader, size: number): AsyncGenerator<Bundle> {
  const count = Math.ceil(size / tileWidth);
  let next = count > 0 ? readBundle(reader, 0, size) : undefined;
  for (let n = 1; next !== undefined; n++) {
    const bundle: Bundle = await next;
    next = n < count ? readBundle(reader, n, size) : undefined;
    // When the one before fails, nobody waits for this one any more; its own failure must not go unhandled.
    next?.catch(() => {});
    yield bundle;
  }
}
