import type { Entity, EntityStore } from "./entity.ts";
import { ReadError } from "./error.ts";
import { parseExactJson } from "./exact-json.ts";
import { Hierarchy } from "./hierarchy.ts";
import { equals } from "./operators/compare.ts";
import type { EntityUid } from "./policy-json.ts";
import { readStatedEntity, type StatedEntity } from "./read-entity.ts";
import { refuse, type Trail } from "./read-value.ts";
import { type Schema, schemaFrom } from "./schema/schema.ts";
import type { SchemaJson } from "./schema/schema-json.ts";
import { UidSet } from "./uid.ts";
import { UidMap } from "./uid-map.ts";

/** Entities in memory. With a schema, its actions are found too. */
class MemoryStore implements EntityStore {
  private readonly entities: UidMap<StatedEntity>;
  private readonly schema: Schema | undefined;

  constructor(entities: UidMap<StatedEntity>, schema: Schema | undefined) {
    this.entities = entities;
    this.schema = schema;
  }

  get(uid: EntityUid): Entity | undefined {
    return this.entities.get(uid) ?? this.schema?.actions.get(uid);
  }
}

/**
 * Reads entities in Cedar's JSON form into memory. All of them are read at once, so that a wrong one is
 * refused here and not in the middle of some later decision.
 *
 * @param json the list of entities, or JSON text of it; integers beyond 2^53 are exact in text or as bigint
 * @param given a schema, perhaps made ready by `readSchema`: then entities are held to it, implicit forms are
 *   understood, and its actions are found
 * @throws ReadError with the path of what is wrong
 * @see https://docs.cedarpolicy.com/auth/entities-syntax.html
 */
export function readEntities(json: unknown, given?: Schema | SchemaJson): EntityStore {
  const schema = given === undefined ? undefined : schemaFrom(given);
  const list = typeof json === "string" ? parseExactJson(json) : json;
  if (!Array.isArray(list)) throw new ReadError("", "Entities are given as a list.");
  const entities = new UidMap<StatedEntity>();
  const trail: Trail = [];
  let related = false;
  let position = 0;
  for (const item of list) {
    trail.push(position);
    position += 1;
    const stated = readStatedEntity(item, schema, trail);
    related ||= stated.parents.length > 0;
    addOnce(entities, stated, trail);
    trail.pop();
  }
  if (related) relate(entities);
  if (schema !== undefined) for (const entity of entities.entries) requireAllowed(entity, schema);
  return new MemoryStore(entities, schema);
}

/**
 * Reads one entity, for a store of one's own that loads entities when they are asked for.
 *
 * @param json Cedar's JSON form, whose `parents` name every ancestor, as nobody else knows the hierarchy
 * @param given a schema, as for `readEntities`
 * @throws ReadError with the path of what is wrong
 */
export function readEntity(json: unknown, given?: Schema | SchemaJson): Entity {
  const schema = given === undefined ? undefined : schemaFrom(given);
  const entity = readStatedEntity(typeof json === "string" ? parseExactJson(json) : json, schema, []);
  entity.ancestors = UidSet.of(entity.parents);
  entity.forgetParents();
  if (schema !== undefined) requireAllowed(entity, schema);
  return entity;
}

/** The same entity twice is a mistake, unless both say the same. */
function addOnce(entities: UidMap<StatedEntity>, stated: StatedEntity, trail: Trail): void {
  const earlier = entities.get(stated.uid);
  if (earlier === undefined) entities.add(stated);
  else if (!sameStatement(earlier, stated))
    throw refuse(trail, `${stated.uid} is given twice, and differently.`);
}

function sameStatement(one: StatedEntity, other: StatedEntity): boolean {
  const parents = UidSet.of(one.parents);
  return (
    equals(one.attrs, other.attrs) &&
    equals(one.tags, other.tags) &&
    other.parents.every((parent) => parents.has(parent)) &&
    parents.size === UidSet.of(other.parents).size
  );
}

/** The parents are needed until all ancestors are known. */
function relate(entities: UidMap<StatedEntity>): void {
  const hierarchy = new Hierarchy(entities);
  for (const entity of entities.entries) entity.ancestors = hierarchy.above(entity);
  for (const entity of entities.entries) entity.forgetParents();
}

/** What is above an entity must be of a type that the schema allows there; an action must be as declared. */
function requireAllowed(entity: StatedEntity, schema: Schema): void {
  const declared = schema.actions.get(entity.uid);
  const types = schema.entityTypes.get(entity.uid.type)?.ancestorTypes;
  const allowed =
    declared === undefined
      ? entity.ancestors.uids.every((ancestor) => types?.has(ancestor.type) === true)
      : sameUids(entity.ancestors, declared.ancestors) && equals(entity.attrs, declared.attrs);
  if (!allowed)
    throw new ReadError(String(entity.uid), "The schema does not allow the entity these parents.");
}

function sameUids(one: UidSet, other: UidSet): boolean {
  return one.size === other.size && one.uids.every((uid) => other.has(uid));
}
