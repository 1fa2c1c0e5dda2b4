import type { Entity, EntityStore } from "@countersign/cedar";
import type { Uid } from "./candidates.ts";

type Value = Entity["attrs"][string];

/** What an attribute may be asked for by. */
export type Held = string | number | bigint | boolean | Uid;

/**
 * The directory as a search reads it: who is of a type, who is in a group, whose attribute has a value. Indexes
 * are made when they are first asked for.
 */
export class Directory {
  readonly #byType = new Map<string, Entity[]>();
  readonly #store: EntityStore;
  readonly #members: RecentIndexes<readonly Entity[]>;
  readonly #holders: RecentIndexes<ReadonlyMap<unknown, readonly Entity[]>>;

  /** @param entities in Cedar's JSON form, found right; @param store the same, read; @param most entries of indexes are kept */
  constructor(entities: readonly unknown[], store: EntityStore, most = MOST_ENTRIES) {
    this.#store = store;
    this.#members = new RecentIndexes(most);
    this.#holders = new RecentIndexes(most);
    for (const uid of entities.map(uidOf).sort(byId)) {
      const entity = store.get(uid);
      if (entity === undefined) continue;
      const known = this.#byType.get(uid.type);
      if (known === undefined) this.#byType.set(uid.type, [entity]);
      else if (known.at(-1) !== entity) known.push(entity); // the same one may be given twice
    }
  }

  /** All of a type, in the order of their ids. */
  ofType(type: string): readonly Entity[] {
    return this.#byType.get(type) ?? [];
  }

  /** The one of this id, if it is there. */
  ofId(type: string, id: string): readonly Entity[] {
    const entity = this.#store.get({ type, id });
    return entity === undefined ? [] : [entity];
  }

  /** Those of a type that are in another entity at any distance, or are it. */
  within(type: string, above: Uid): readonly Entity[] {
    return this.#members.get(JSON.stringify([type, above.type, above.id]), () => {
      const members = this.ofType(type).filter(
        ({ uid, ancestors }) => same(uid, above) || ancestors.has(above),
      );
      return { index: members, entries: members.length };
    });
  }

  /** Those of a type whose attribute is this value, or is a set that contains it. */
  holding(type: string, attribute: string, value: Held): readonly Entity[] {
    const holders = this.#holders.get(JSON.stringify([type, attribute]), () => {
      const index = this.#indexed(type, attribute);
      return { index, entries: [...index.values()].reduce((sum, held) => sum + held.length, 0) };
    });
    return holders.get(keyOf(value)) ?? [];
  }

  /** How many entries of indexes are kept. */
  get kept(): number {
    return this.#members.entries + this.#holders.entries;
  }

  #indexed(type: string, attribute: string): Map<unknown, Entity[]> {
    const holders = new Map<unknown, Entity[]>();
    for (const entity of this.ofType(type)) {
      for (const value of valuesOf(entity.attrs[attribute])) {
        const known = holders.get(value);
        if (known === undefined) holders.set(value, [entity]);
        else known.push(entity);
      }
    }
    return holders;
  }
}

/** What is asked for is the caller's to choose, so memory holds a bounded part of it. */
const MOST_ENTRIES = 500_000;
/** A key counts as many entries as it is long, in units of this, and one more: it is the caller's as well. */
const KEY_UNITS = 16;

/** The indexes that were asked for last. */
class RecentIndexes<Index> {
  readonly #most: number;
  /** The one that was asked for longest ago stands first. */
  readonly #kept = new Map<string, { readonly index: Index; readonly entries: number }>();
  entries = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get(key: string, make: () => { readonly index: Index; readonly entries: number }): Index {
    const found = this.#kept.get(key) ?? this.#made(key, make());
    this.#kept.delete(key);
    this.#kept.set(key, found);
    for (const [oldest, { entries }] of this.#kept) {
      if (this.entries <= this.#most) break;
      this.#kept.delete(oldest);
      this.entries -= entries;
    }
    return found.index;
  }

  #made(key: string, { index, entries }: { readonly index: Index; readonly entries: number }) {
    const made = { index, entries: entries + 1 + Math.ceil(key.length / KEY_UNITS) };
    this.entries += made.entries;
    return made;
  }
}

/** The keys under which an entity is found: of the attribute itself, or of each value in its set. */
function valuesOf(value: Value | undefined): unknown[] {
  if (value === undefined) return [];
  if (typeof value === "object" && Symbol.iterator in value) return [...(value as Iterable<Held>)].map(keyOf);
  return [keyOf(value as Held)];
}

/** Two values of different kinds may share a key: whoever is found is asked again. */
const keyOf = (value: Held): unknown =>
  typeof value === "object" ? JSON.stringify([value.type, value.id]) : value;

const same = (one: Uid, other: Uid): boolean => one.id === other.id && one.type === other.type;

/** `{ type, id }`, or wrapped in `__entity`. */
function uidOf(entity: unknown): Uid {
  const { uid } = entity as { uid: Uid | { __entity: Uid } };
  return "__entity" in uid ? uid.__entity : uid;
}

const byId = (one: Uid, other: Uid): number => (one.id < other.id ? -1 : one.id > other.id ? 1 : 0);
