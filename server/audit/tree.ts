import {
  CompactRange,
  hashesFromTiles,
  type ReadHash,
  type Subtree,
  splitHashes,
  tileWidth,
  widthOf,
} from "@countersign/proof/merkle";
import type { Change, Database } from "../database/index.ts";
import { Fault } from "../lib/index.ts";
import { readTile, writeTile } from "./store.ts";

const HASH_BYTES = 32;
const LEVELS_PER_TILE = 8;

/** Reads subtree hashes out of the stored tiles of a tree of this size. */
export const storedHashes = (database: Database, size: number): ReadHash =>
  hashesFromTiles(size, async ({ level, n, width }) => {
    const hashes = await readTile(database, level, n);
    if (hashes.length < width * HASH_BYTES) throw damaged();
    return hashes.subarray(0, width * HASH_BYTES);
  });

/** The tree as it ends at `size`: what is needed to append to it, read from its last tiles. */
export async function treeAt(database: Database, size: number): Promise<CompactRange> {
  const readHash = storedHashes(database, size);
  const subtrees: Subtree[] = [];
  for (let begin = 0, level = 52; level >= 0; level--) {
    const width = 2 ** level;
    if (size - begin < width) continue;
    subtrees.push({ level, index: begin / width, hash: await readHash(level, begin / width) });
    begin += width;
  }
  return new CompactRange(subtrees);
}

/** Collects the hashes that new entries complete and writes them behind what the tiles hold already. */
export class TileExtension {
  readonly #fresh = new Map<string, { level: number; number: number; hashes: Uint8Array[] }>();
  readonly #sizeBefore: number;

  constructor(sizeBefore: number) {
    this.#sizeBefore = sizeBefore;
  }

  /** Takes a completed subtree; only every eighth level is kept (C2SP tlog-tiles). */
  readonly take = ({ level, index, hash }: Subtree): void => {
    if (level % LEVELS_PER_TILE !== 0) return;
    const number = Math.floor(index / tileWidth);
    const key = `${level} ${number}`;
    const tile = this.#fresh.get(key) ?? { level: level / LEVELS_PER_TILE, number, hashes: [] };
    tile.hashes.push(hash);
    this.#fresh.set(key, tile);
  };

  async write(database: Database, change: Change): Promise<void> {
    for (const { level, number, hashes } of this.#fresh.values()) {
      const width = widthOf(level, number, this.#sizeBefore);
      const before = (await readTile(database, level, number)).subarray(0, width * HASH_BYTES);
      writeTile(change, level, number, Buffer.concat([...splitHashes(before, width), ...hashes]));
    }
  }
}

const damaged = (): Fault =>
  new Fault("unavailable", "The log's tiles are damaged: some hashes are missing.", {
    remedy:
      "Stop, keep the data as it is, and restore a backup; `countersign audit verify` tells how far it is sound.",
  });
