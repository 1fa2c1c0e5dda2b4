import { emptyRoot, nodeHash } from "./hash.ts";

/** A complete subtree: `hash` covers the entries from `index · 2^level` up to `(index + 1) · 2^level`. */
export type Subtree = { level: number; index: number; hash: Uint8Array };

/**
 * A growing tree of which only the roots of its complete subtrees are kept: at most 53 hashes, however many
 * entries it has. Enough to append and to tell the root.
 *
 * @see RFC 6962 §2.1
 */
export class CompactRange {
  /** Largest first, as the bits of the size. */
  readonly #subtrees: Subtree[];
  #size: number;

  /** @param subtrees what `subtrees` of an earlier range gave, to go on from there; none for an empty tree */
  constructor(subtrees: readonly Subtree[] = []) {
    this.#subtrees = [];
    this.#size = 0;
    for (const subtree of subtrees) this.#restore(subtree);
  }

  /** How many entries have been appended. */
  get size(): number {
    return this.#size;
  }

  /** The complete subtrees, largest first. */
  get subtrees(): readonly Subtree[] {
    return [...this.#subtrees];
  }

  /**
   * Appends an entry by its leaf hash.
   *
   * @param visit is given every subtree that this entry completes, the leaf itself first: what a log stores
   */
  append(leaf: Uint8Array, visit?: (subtree: Subtree) => void): void {
    let complete: Subtree = { level: 0, index: this.#size, hash: leaf };
    visit?.(complete);
    for (let left = this.#subtrees.at(-1); left?.level === complete.level; left = this.#subtrees.at(-1)) {
      this.#subtrees.pop();
      complete = { level: left.level + 1, index: left.index / 2, hash: nodeHash(left.hash, complete.hash) };
      visit?.(complete);
    }
    this.#subtrees.push(complete);
    this.#size++;
  }

  /** The root of the tree so far, 32 bytes. */
  root(): Uint8Array {
    return joined(this.#subtrees.map((subtree) => subtree.hash));
  }

  #restore(subtree: Subtree): void {
    const width = 2 ** subtree.level;
    const smallest = this.#subtrees.at(-1)?.level ?? 53;
    if (subtree.level >= smallest || subtree.index * width !== this.#size) {
      throw new RangeError("the subtrees are not those of a compact range");
    }
    this.#subtrees.push(subtree);
    this.#size += width;
  }
}

/** The root over the complete subtrees that lie side by side, largest first. */
export function joined(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return emptyRoot();
  return hashes.reduceRight((right, left) => nodeHash(left, right));
}
