import type { EntityUid } from "./policy-json.ts";

/** A reference to an entity. A class, so that evaluation can tell it from a record at a glance. */
export class Uid implements EntityUid {
  readonly type: string;
  readonly id: string;

  constructor(type: string, id: string) {
    this.type = type;
    this.id = id;
  }

  /** The same reference as a value of Cedar. */
  static from(uid: EntityUid): Uid {
    return uid instanceof Uid ? uid : new Uid(uid.type, uid.id);
  }

  /** Cedar's text form, for messages to people. */
  toString(): string {
    return `${this.type}::${JSON.stringify(this.id)}`;
  }
}

/** Whether two references name the same entity. */
export function sameUid(one: EntityUid, other: EntityUid): boolean {
  return one === other || (one.id === other.id && one.type === other.type);
}

/** Up to here looking at each reference is faster, and much smaller, than an index. */
const fewEnoughToScan = 8;

/** An immutable set of references: compact when small, indexed by type and id when large. */
export class UidSet {
  /** Every reference once, in the order in which they were given. */
  readonly uids: readonly Uid[];
  private readonly index: ReadonlyMap<string, ReadonlySet<string>> | undefined;

  private constructor(uids: readonly Uid[], index?: ReadonlyMap<string, ReadonlySet<string>>) {
    this.uids = uids;
    this.index = index;
  }

  static readonly empty: UidSet = new UidSet([]);

  static of(uids: readonly Uid[]): UidSet {
    if (uids.length === 0) return UidSet.empty;
    return uids.length <= fewEnoughToScan ? new UidSet(distinct(uids)) : UidSet.indexed(uids);
  }

  private static indexed(uids: readonly Uid[]): UidSet {
    const index = new Map<string, Set<string>>();
    const once = uids.filter((uid) => {
      const ids = index.get(uid.type) ?? new Set<string>();
      if (ids.has(uid.id)) return false;
      index.set(uid.type, ids.add(uid.id));
      return true;
    });
    return new UidSet(once, index);
  }

  get size(): number {
    return this.uids.length;
  }

  has(uid: EntityUid): boolean {
    if (this.index !== undefined) return this.index.get(uid.type)?.has(uid.id) === true;
    for (const member of this.uids) if (sameUid(member, uid)) return true;
    return false;
  }
}

/** Few references are nearly always distinct already. */
function distinct(uids: readonly Uid[]): readonly Uid[] {
  for (let position = 1; position < uids.length; position += 1) {
    if (isEarlier(uids, position)) return uids.filter((_, index) => !isEarlier(uids, index));
  }
  return uids;
}

function isEarlier(uids: readonly Uid[], position: number): boolean {
  const uid = uids[position];
  for (let index = 0; index < position; index += 1) {
    const earlier = uids[index];
    if (earlier !== undefined && uid !== undefined && sameUid(earlier, uid)) return true;
  }
  return false;
}
