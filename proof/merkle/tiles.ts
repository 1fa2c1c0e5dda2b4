import { VerificationError } from "../verification-error.ts";
import { joined, type Subtree } from "./compact-range.ts";
import { hashSize } from "./hash.ts";
import type { ReadHash } from "./prove.ts";

/** How many hashes a full tile holds. */
export const tileWidth = 256;

const levelsPerTile = 8;
const highestTileLevel = 63;

/** A tile of hashes (`level` 0 holds leaf hashes), or a bundle of entries; `width` is 1 to 256. */
export type Tile = { level: number | "entries"; n: number; width: number };

/** Where the hash of a complete subtree comes from: `count` hashes of a tile, joined. */
export type NodePlace = { level: number; n: number; first: number; count: number };

/**
 * The path of a tile of hashes, such as `tile/0/x001/x234/067` or `tile/1/000.p/12`.
 *
 * @param level 0 to 63, counted in tiles
 * @param n which tile of that level, from 0
 * @param width 1 to 256 hashes; 256 when left out
 * @throws RangeError
 * @see C2SP tlog-tiles
 */
export function tilePath(level: number, n: number, width: number = tileWidth): string {
  if (!Number.isInteger(level) || level < 0 || level > highestTileLevel)
    throw new RangeError("no such level");
  return `tile/${level}/${numbered(n, width)}`;
}

/**
 * The path of a bundle of entries, such as `tile/entries/000.p/12`.
 *
 * @throws RangeError
 * @see C2SP tlog-tiles
 */
export function entriesPath(n: number, width: number = tileWidth): string {
  return `tile/entries/${numbered(n, width)}`;
}

function numbered(n: number, width: number): string {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError("no such tile");
  if (!Number.isInteger(width) || width < 1 || width > tileWidth) throw new RangeError("no such width");
  const digits = String(n);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/.{3}/g) ?? [];
  const path = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join("/");
  return width === tileWidth ? path : `${path}.p/${width}`;
}

const pathForm = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/;

/**
 * The tile that a path names. Only the one canonical path of each tile is read.
 *
 * @throws VerificationError `malformed`
 * @see C2SP tlog-tiles
 */
export function parseTilePath(attackerPath: string): Tile {
  const [, level, groups, width] = pathForm.exec(attackerPath) ?? [];
  if (level === undefined || groups === undefined) throw noTile();
  const tile: Tile = {
    level: level === "entries" ? level : Number(level),
    n: Number(groups.replaceAll(/[x/]/g, "")),
    width: width === undefined ? tileWidth : Number(width),
  };
  if (canonicalPath(tile) !== attackerPath) throw noTile();
  return tile;
}

function canonicalPath({ level, n, width }: Tile): string | undefined {
  try {
    return level === "entries" ? entriesPath(n, width) : tilePath(level, n, width);
  } catch {
    return undefined;
  }
}

function noTile(): VerificationError {
  return new VerificationError("malformed", "the path names no tile");
}

/**
 * How many hashes the tile has in a tree of `size` entries: 0 where there is none, 256 where it is full.
 *
 * @param level counted in tiles
 * @param size entries of the tree
 */
export function widthOf(level: number, n: number, size: number): number {
  const hashes = Math.floor(size / tileWidth ** level) - n * tileWidth;
  return Math.max(0, Math.min(tileWidth, hashes));
}

/**
 * The tile and the hashes in it that make up a complete subtree.
 *
 * @param node `level` counted in tree levels, as in `ReadHash`
 */
export function nodePlace({ level, index }: Pick<Subtree, "level" | "index">): NodePlace {
  const count = 2 ** (level % levelsPerTile);
  const first = index * count;
  return {
    level: Math.floor(level / levelsPerTile),
    n: Math.floor(first / tileWidth),
    first: first % tileWidth,
    count,
  };
}

/**
 * Reads hashes of subtrees out of the tiles of a tree, for `inclusionPath` and `consistencyPath`. What the
 * tiles say is not verified here: a proof made of wrong hashes fails to verify.
 *
 * @param size entries of the tree whose tiles are read: decides how wide a partial tile is
 * @param readTile gives the `width · 32` bytes of the tile
 * @throws VerificationError `malformed` when a tile has another length
 */
export function hashesFromTiles(
  size: number,
  readTile: (tile: { level: number; n: number; width: number }) => Promise<Uint8Array>,
): ReadHash {
  return async (level, index) => {
    const place = nodePlace({ level, index });
    const width = widthOf(place.level, place.n, size);
    const bytes = await readTile({ level: place.level, n: place.n, width });
    return rootOfSlice(splitHashes(bytes, width).slice(place.first, place.first + place.count));
  };
}

/**
 * The hashes of a tile.
 *
 * @param width how many there must be
 * @throws VerificationError `malformed` when the tile has another length
 */
export function splitHashes(attackerBytes: Uint8Array, width: number): Uint8Array[] {
  if (attackerBytes.length !== width * hashSize) {
    throw new VerificationError("malformed", `the tile has not ${width} hashes of ${hashSize} bytes`);
  }
  return Array.from({ length: width }, (_, i) => attackerBytes.subarray(i * hashSize, (i + 1) * hashSize));
}

/** The root of a complete subtree: its two halves, joined, all the way down. */
function rootOfSlice(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length <= 1) return joined(hashes);
  const half = hashes.length / 2;
  return joined([rootOfSlice(hashes.slice(0, half)), rootOfSlice(hashes.slice(half))]);
}
