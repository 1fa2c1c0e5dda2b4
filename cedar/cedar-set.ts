import { identity } from "./identity.ts";
import type { CedarRecord } from "./record.ts";
import { Uid, UidSet } from "./uid.ts";
import type { Extension, Plain, Value } from "./value.ts";

type Composite = CedarSet | CedarRecord | Extension;

/** Up to here looking at each element is faster, and much smaller, than a hash table. */
const fewEnoughToScan = 8;
const none: ReadonlyMap<string, Composite> = new Map();

/**
 * A set: elements without order and without equals. Elements that `===` compares are in `plain`, entity
 * references in `uids`, all others in `composites` under a text that equal values share. Every element is
 * there once, and no operation is quadratic in the elements, whoever wrote them.
 */
export class CedarSet {
  private readonly plain: readonly Plain[];
  private readonly uids: UidSet;
  private readonly composites: ReadonlyMap<string, Composite>;
  private plainIndex: ReadonlySet<Plain> | undefined;

  private constructor(plain: readonly Plain[], uids: UidSet, composites: ReadonlyMap<string, Composite>) {
    this.plain = plain;
    this.uids = uids;
    this.composites = composites;
  }

  /** The set of these values; equal ones count once. The list becomes the set's own. */
  static of(values: readonly Value[]): CedarSet {
    return values.every(isPlain)
      ? new CedarSet(distinct(values), UidSet.empty, none)
      : CedarSet.mixed(values);
  }

  private static mixed(values: readonly Value[]): CedarSet {
    const uids: Uid[] = [];
    const composites = new Map<string, Composite>();
    for (const value of values) {
      if (value instanceof Uid) uids.push(value);
      else if (!isPlain(value)) composites.set(identity(value), value);
    }
    const plain = distinct(values.filter(isPlain));
    return new CedarSet(plain, UidSet.of(uids), composites.size === 0 ? none : composites);
  }

  get size(): number {
    return this.plain.length + this.uids.size + this.composites.size;
  }

  has(value: Value): boolean {
    if (typeof value !== "object") return this.hasPlain(value);
    if (value instanceof Uid) return this.uids.has(value);
    return this.composites.size > 0 && this.composites.has(identity(value));
  }

  /** Whether every element of the other set is in this one. */
  hasAll(other: CedarSet): boolean {
    if (other.size > this.size) return false;
    for (const value of other.plain) if (!this.hasPlain(value)) return false;
    for (const uid of other.uids.uids) if (!this.uids.has(uid)) return false;
    for (const text of other.composites.keys()) if (!this.composites.has(text)) return false;
    return true;
  }

  /** Whether the two sets have an element in common. */
  hasAny(other: CedarSet): boolean {
    if (other.size < this.size) return other.hasAny(this);
    for (const value of this.plain) if (other.hasPlain(value)) return true;
    for (const uid of this.uids.uids) if (other.uids.has(uid)) return true;
    for (const text of this.composites.keys()) if (other.composites.has(text)) return true;
    return false;
  }

  equals(other: CedarSet): boolean {
    return this === other || (this.size === other.size && this.hasAll(other));
  }

  /** The entity references in the set, or undefined when it has an element of another type. */
  onlyUids(): readonly Uid[] | undefined {
    return this.uids.size === this.size ? this.uids.uids : undefined;
  }

  *[Symbol.iterator](): IterableIterator<Value> {
    yield* this.plain;
    yield* this.uids.uids;
    yield* this.composites.values();
  }

  private hasPlain(value: Plain): boolean {
    if (this.plain.length <= fewEnoughToScan) return this.plain.includes(value);
    this.plainIndex ??= new Set(this.plain);
    return this.plainIndex.has(value);
  }
}

function isPlain(value: Value): value is Plain {
  return typeof value !== "object";
}

/** Few elements are nearly always distinct already. */
function distinct(values: readonly Plain[]): readonly Plain[] {
  if (values.length > fewEnoughToScan) return [...new Set(values)];
  for (let position = 1; position < values.length; position += 1) {
    if (values.indexOf(values[position] ?? "") < position) return [...new Set(values)];
  }
  return values;
}
