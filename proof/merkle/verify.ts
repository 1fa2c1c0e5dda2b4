import { hashSize, nodeHash, sameHash } from "./hash.ts";

/** A number of entries, or the place of one. Foreign logs may exceed what a number holds exactly. */
export type TreeSize = number | bigint;

/**
 * Whether the proof shows that the entry hashed to `leaf` stands at `index` in the tree of `size` entries
 * that has this root. Never throws on hostile bytes: a proof that is no proof is just not one.
 *
 * @param leaf 32 bytes; anything else is refused, lest a caller pass the entry itself
 * @see RFC 9162 §2.1.3.2
 */
export function verifyInclusion(
  index: TreeSize,
  size: TreeSize,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!isSize(index) || !isSize(size) || index >= size || leaf.length !== hashSize) return false;
  const climb = new Climb(BigInt(index), BigInt(size) - 1n);
  let current = leaf;
  for (const sibling of proof) {
    const side = climb.step();
    if (side === undefined) return false;
    current = side === "left" ? nodeHash(sibling, current) : nodeHash(current, sibling);
  }
  return climb.atTop && sameHash(current, root);
}

/**
 * Whether the proof shows that the tree of `size1` entries with `root1` is a prefix of the tree of `size2`
 * entries with `root2`. An empty first tree is a prefix of everything, so nothing is proven of it: refused.
 * Roots are not measured, because equal sizes compare them and nothing else.
 *
 * @see RFC 9162 §2.1.4.2
 */
export function verifyConsistency(
  size1: TreeSize,
  size2: TreeSize,
  root1: Uint8Array,
  root2: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!isSize(size1) || !isSize(size2)) return false;
  const [old, grown] = [BigInt(size1), BigInt(size2)];
  if (old === 0n || old > grown) return false;
  if (old === grown) return proof.length === 0 && sameHash(root1, root2);
  const [first, ...rest] = isPowerOfTwo(old) && proof.length > 0 ? [root1, ...proof] : proof;
  return first !== undefined && climbBoth(old, grown, first, rest, root1, root2);
}

/** Climbs from the last node that both trees share, and rebuilds both roots on the way. */
function climbBoth(
  old: bigint,
  grown: bigint,
  first: Uint8Array,
  rest: readonly Uint8Array[],
  root1: Uint8Array,
  root2: Uint8Array,
): boolean {
  const climb = Climb.fromSharedNode(old - 1n, grown - 1n);
  let [oldRoot, grownRoot] = [first, first];
  for (const sibling of rest) {
    const side = climb.step();
    if (side === undefined) return false;
    if (side === "left") oldRoot = nodeHash(sibling, oldRoot);
    grownRoot = side === "left" ? nodeHash(sibling, grownRoot) : nodeHash(grownRoot, sibling);
  }
  return climb.atTop && sameHash(oldRoot, root1) && sameHash(grownRoot, root2);
}

/** The way from a node to the root: `fn` and `sn` of RFC 9162, the node's place and the last node's place. */
class Climb {
  #node: bigint;
  #last: bigint;

  constructor(node: bigint, last: bigint) {
    this.#node = node;
    this.#last = last;
  }

  static fromSharedNode(node: bigint, last: bigint): Climb {
    const climb = new Climb(node, last);
    while (isOdd(climb.#node)) climb.#rise();
    return climb;
  }

  get atTop(): boolean {
    return this.#last === 0n;
  }

  /** On which side the next sibling stands; undefined at the root, where no sibling is left. */
  step(): "left" | "right" | undefined {
    if (this.atTop) return undefined;
    const side = isOdd(this.#node) || this.#node === this.#last ? "left" : "right";
    // The last node of a level without a partner is carried up as it is.
    if (side === "left") while (!isOdd(this.#node) && this.#node !== 0n) this.#rise();
    this.#rise();
    return side;
  }

  #rise(): void {
    this.#node >>= 1n;
    this.#last >>= 1n;
  }
}

function isSize(value: TreeSize): boolean {
  return (typeof value === "bigint" || Number.isSafeInteger(value)) && value >= 0;
}

function isOdd(value: bigint): boolean {
  return (value & 1n) === 1n;
}

function isPowerOfTwo(value: bigint): boolean {
  return (value & (value - 1n)) === 0n;
}
