import type { BigIntStats } from "node:fs";

/** How many renewals in a row may rest on what a file's dates say. */
const REREAD_EVERY = 10;
const MOST_FILES = 100_000;
/** A file that was written to less than this ago may be written to again without its dates moving. */
const SETTLED_MS = 2_000n;
const NS_PER_MS = 1_000_000n;

interface Kept {
  readonly version: string;
  readonly digests: readonly string[];
  /** How often it was asked for since the file was read. */
  asked: number;
}

export interface DigestCacheOptions {
  /** Every so manieth time a file is asked for it is read, whatever its dates say. At least 1: always. */
  readonly rereadEvery?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/**
 * Digests of files that are still as they were read, by device, inode, size, and the times of the last change to
 * what is in it (which anybody may set) and about it (which nobody but the kernel sets). One for each host.
 */
export class DigestCache {
  readonly #kept = new Map<string, Kept>();
  readonly #making = new Map<string, Promise<readonly string[]>>();
  readonly #rereadEvery: number;
  readonly #now: () => number;

  constructor({ rereadEvery = REREAD_EVERY, now = Date.now }: DigestCacheOptions = {}) {
    this.#rereadEvery = rereadEvery;
    this.#now = now;
  }

  /**
   * The digests of a file, made anew when it may have changed or its turn has come. Whoever asks while it is
   * being read waits for the same answer.
   * @param kind how the digests are made
   * @param make reads the file; resolves only when it did not change meanwhile
   */
  async digests(
    stats: BigIntStats,
    kind: string,
    make: () => Promise<readonly string[]>,
  ): Promise<readonly string[]> {
    const key = `${stats.dev}:${stats.ino}:${kind}`;
    const version = versionOf(stats);
    const known = this.#known(key, version);
    if (known !== undefined) return known;
    const going = `${key}:${version}`;
    const making = this.#making.get(going) ?? this.#make(going, key, { stats, version, make });
    return making;
  }

  #known(key: string, version: string): readonly string[] | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    kept.asked += 1;
    if (kept.version === version && kept.asked < this.#rereadEvery) return kept.digests;
    this.#kept.delete(key);
    return undefined;
  }

  #make(
    going: string,
    key: string,
    of: { stats: BigIntStats; version: string; make: () => Promise<readonly string[]> },
  ): Promise<readonly string[]> {
    const began = BigInt(Math.floor(this.#now()));
    const making = of
      .make()
      .then((digests) => {
        if (began - of.stats.ctimeNs / NS_PER_MS > SETTLED_MS) this.#keep(key, of.version, digests);
        return digests;
      })
      .finally(() => this.#making.delete(going));
    this.#making.set(going, making);
    return making;
  }

  #keep(key: string, version: string, digests: readonly string[]): void {
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= MOST_FILES && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(key, { version, digests, asked: 0 });
  }
}

/** What moves when a file is written to. */
export const versionOf = ({ size, mtimeNs, ctimeNs }: BigIntStats): string => `${size}:${mtimeNs}:${ctimeNs}`;
