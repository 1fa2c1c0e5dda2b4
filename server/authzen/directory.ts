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
  readonly #members = new Map<string, readonly Entity[]>();
  readonly #holders = new Map<string, ReadonlyMap<unknown, readonly Entity[]>>();

  /** @param entities in Cedar's JSON form, found right; @param store the same, read */
  constructor(entities: readonly unknown[], store: EntityStore) {
    this.#store = store;
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
    const key = JSON.stringify([type, above.type, above.id]);
    let members = this.#members.get(key);
    if (members === undefined) {
      members = this.ofType(type).filter(({ uid, ancestors }) => same(uid, above) || ancestors.has(above));
      if (this.#members.size < MOST_INDEXES) this.#members.set(key, members);
    }
    return members;
  }

  /** Those of a type whose attribute is this value, or is a set that contains it. */
  holding(type: string, attribute: string, value: Held): readonly Entity[] {
    const key = JSON.stringify([type, attribute]);
    let holders = this.#holders.get(key);
    if (holders === undefined) {
      holders = this.#indexed(type, attribute);
      if (this.#holders.size < MOST_INDEXES) this.#holders.set(key, holders);
    }
    return holders.get(keyOf(value)) ?? [];
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

/** Searches name groups and attributes that policies name, so there are few; more are looked through each time. */
const MOST_INDEXES = 1_000;

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
