import type { Checkpoint } from "../checkpoint/checkpoint-text.ts";
import { CompactRange, leafHash, sameHash, splitHashes, tileWidth, widthOf } from "../merkle/index.ts";
import { isEventEntry } from "./canonical-scan.ts";
import { readEventEntry } from "./event-entry.ts";
import { LogError } from "./log-error.ts";
import { type Bundle, type LogReader, readBundles, readTile } from "./log-reader.ts";

const levelsPerTile = 8;

/** A log that verified: how many entries it has, all of them events, and the root that was signed. */
export type VerifiedLog = { size: number; root: Uint8Array; events: number };

/** What a checkpoint that has been believed commits to. */
type Believed = Pick<Checkpoint, "size" | "root">;

/**
 * Builds the log again from its entries and compares it with what was signed. Both halves of this package
 * replay with it.
 *
 * @throws LogError see `verifyLog`
 */
export async function replayLog(
  reader: LogReader,
  signed: Believed,
  earlier: Believed | undefined,
): Promise<VerifiedLog> {
  if (earlier !== undefined && earlier.size > signed.size) {
    throw new LogError(
      "log-shortened",
      `the log once had ${earlier.size} entries and now has ${signed.size}`,
    );
  }
  const replay = new Replay(reader, signed.size, earlier);
  for await (const bundle of readBundles(reader, signed.size)) await replay.append(bundle);
  if (!sameHash(replay.root(), signed.root)) {
    throw new LogError("log-root", "the events are not those over which the checkpoint was signed");
  }
  return { size: signed.size, root: signed.root, events: signed.size };
}

/** The tree, built again from the events. */
class Replay {
  readonly #reader: LogReader;
  readonly #size: number;
  readonly #earlier: Believed | undefined;
  readonly #range = new CompactRange();
  /** Per level of tiles above the leaves: the hashes of the tile that is not full yet. */
  readonly #open = new Map<number, Uint8Array[]>();

  constructor(reader: LogReader, size: number, earlier: Believed | undefined) {
    this.#reader = reader;
    this.#size = size;
    this.#earlier = earlier;
    this.#requireEarlierRoot();
  }

  root(): Uint8Array {
    return this.#range.root();
  }

  async append(bundle: Bundle): Promise<void> {
    const leaves = bundle.entries.map(leafHash);
    requireLeaves(bundle, leaves, await this.#stored(0, bundle.n));
    requireEvents(bundle);
    for (const leaf of leaves) this.#appendLeaf(leaf);
    await this.#compareTiles();
  }

  #appendLeaf(leaf: Uint8Array): void {
    this.#range.append(leaf, ({ level, hash }) => {
      if (level === 0 || level % levelsPerTile !== 0) return;
      const tileLevel = level / levelsPerTile;
      this.#open.set(tileLevel, [...(this.#open.get(tileLevel) ?? []), hash]);
    });
    this.#requireEarlierRoot();
  }

  #requireEarlierRoot(): void {
    const { size, root } = this.#earlier ?? {};
    if (root === undefined || size !== this.#range.size || sameHash(this.#range.root(), root)) return;
    throw new LogError("log-rewritten", `the first ${size} events are not those that were signed before`);
  }

  /** Compares the tiles above the leaves that became full, and at the end those that stay partial. */
  async #compareTiles(): Promise<void> {
    for (const [level, hashes] of this.#open) {
      if (hashes.length < tileWidth && this.#range.size < this.#size) continue;
      const n = Math.ceil(this.#range.size / tileWidth ** level / tileWidth) - 1;
      const stored = await this.#stored(level, n);
      if (firstDifference(hashes, stored) !== undefined) {
        throw new LogError("log-tile", `tile ${n} of level ${level} is not the one that the events make`);
      }
      this.#open.delete(level);
    }
  }

  async #stored(level: number, n: number): Promise<Uint8Array[]> {
    return splitHashes(await readTile(this.#reader, level, n, this.#size), widthOf(level, n, this.#size));
  }
}

/** The event's bytes must hash to what the tile holds, entry by entry, and there must be exactly so many. */
function requireLeaves(bundle: Bundle, leaves: Uint8Array[], stored: Uint8Array[]): void {
  const differs = firstDifference(leaves, stored) ?? (bundle.torn ? stored.length : undefined);
  if (differs === undefined) return;
  const entry = bundle.entries[differs];
  const index = bundle.n * tileWidth + differs;
  const id = entry === undefined ? undefined : readEventEntry(entry)?.id;
  throw new LogError("log-leaf", `entry ${index} was changed, added or removed`, index, id);
}

function requireEvents({ n, entries }: Bundle): void {
  for (const [i, entry] of entries.entries()) {
    if (isEventEntry(entry)) continue;
    const index = n * tileWidth + i;
    throw new LogError("log-entry", `entry ${index} is not canonical JSON with an id`, index);
  }
}

function firstDifference(a: Uint8Array[], b: Uint8Array[]): number | undefined {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [x, y] = [a[i], b[i]];
    if (x === undefined || y === undefined || !sameHash(x, y)) return i;
  }
  return undefined;
}
