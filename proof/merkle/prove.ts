import { joined } from "./compact-range.ts";

/**
 * Reads the hash of a complete subtree, the one over the entries from `index · 2^level` up to
 * `(index + 1) · 2^level`. Asked only for subtrees that the tree of the size in question has.
 */
export type ReadHash = (level: number, index: number) => Promise<Uint8Array>;

/**
 * The proof that the entry at `index` is in the tree of `size` entries: the siblings from the leaf upwards.
 *
 * @throws RangeError when the tree has no such entry
 * @see RFC 6962 §2.1.1
 */
export async function inclusionPath(index: number, size: number, readHash: ReadHash): Promise<Uint8Array[]> {
  requireSizes(index + 1, size);
  const siblings: Promise<Uint8Array>[] = [];
  let [begin, end] = [0, size];
  while (end - begin > 1) {
    const middle = begin + splitOf(end - begin);
    if (index < middle) {
      siblings.unshift(rootOf(middle, end, readHash));
      end = middle;
    } else {
      siblings.unshift(rootOf(begin, middle, readHash));
      begin = middle;
    }
  }
  return Promise.all(siblings);
}

/**
 * The proof that the tree of `size1` entries is a prefix of the tree of `size2` entries.
 *
 * @throws RangeError when it cannot be, or when the first tree is empty
 * @see RFC 6962 §2.1.2
 */
export async function consistencyPath(
  size1: number,
  size2: number,
  readHash: ReadHash,
): Promise<Uint8Array[]> {
  requireSizes(size1, size2);
  const nodes: Promise<Uint8Array>[] = [];
  let [begin, end] = [0, size2];
  while (end !== size1) {
    const middle = begin + splitOf(end - begin);
    if (size1 <= middle) {
      nodes.unshift(rootOf(middle, end, readHash));
      end = middle;
    } else {
      nodes.unshift(rootOf(begin, middle, readHash));
      begin = middle;
    }
  }
  // A first tree that is itself a complete subtree needs no node: the verifier knows its root already.
  if (begin > 0) nodes.unshift(rootOf(begin, end, readHash));
  return Promise.all(nodes);
}

/** The root over the entries from `begin` up to `end`, where `begin` is a place at which RFC 6962 splits. */
async function rootOf(begin: number, end: number, readHash: ReadHash): Promise<Uint8Array> {
  const subtrees: Promise<Uint8Array>[] = [];
  for (let at = begin; at < end; ) {
    const level = levelWithin(end - at);
    const width = 2 ** level;
    subtrees.push(readHash(level, at / width));
    at += width;
  }
  return joined(await Promise.all(subtrees));
}

/** The largest power of two below `size`. */
function splitOf(size: number): number {
  return 2 ** levelWithin(size - 1);
}

/** The level of the largest complete subtree of at most `count` entries. Math.log2 rounds near 2^53. */
function levelWithin(count: number): number {
  let level = 0;
  while (2 ** (level + 1) <= count) level++;
  return level;
}

function requireSizes(size1: number, size2: number): void {
  if (!Number.isSafeInteger(size1) || !Number.isSafeInteger(size2)) throw new RangeError("not a tree's size");
  if (size1 < 1 || size1 > size2) throw new RangeError("the tree has no such entry or prefix");
}
