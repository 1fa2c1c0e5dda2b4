import type { Entity } from "./entity.ts";
import { readTyped, readTypedRecord } from "./read-typed.ts";
import {
  expectObject,
  onlyMembers,
  readRecord,
  readUid,
  refuse,
  requireWellFormed,
  type Trail,
  within,
} from "./read-value.ts";
import { type CedarRecord, emptyRecord } from "./record.ts";
import type { EntityType, Schema } from "./schema/schema.ts";
import { type Uid, UidSet } from "./uid.ts";

/** An entity as its JSON states it. Whoever knows the hierarchy puts the ancestors in place of the parents. */
export class StatedEntity implements Entity {
  readonly uid: Uid;
  readonly attrs: CedarRecord;
  readonly tags: CedarRecord;
  parents: readonly Uid[];
  ancestors: UidSet = UidSet.empty;

  constructor(uid: Uid, parents: readonly Uid[], attrs: CedarRecord, tags: CedarRecord) {
    this.uid = uid;
    this.attrs = attrs;
    this.tags = tags;
    this.parents = parents;
  }

  /** Once the ancestors are known, the parents only take room. */
  forgetParents(): void {
    this.parents = noParents;
  }
}

const members = ["uid", "attrs", "parents", "tags"];
const noTags = Object.freeze(emptyRecord());
const noParents: readonly Uid[] = [];

/**
 * Reads one entity of Cedar's JSON form.
 *
 * @param schema when given, attributes, tags and ids are held to it and may be in their implicit forms
 * @throws ReadError
 */
export function readStatedEntity(json: unknown, schema: Schema | undefined, trail: Trail): StatedEntity {
  const object = expectObject(json, trail);
  onlyMembers(object, members, trail);
  const uid = within(trail, "uid", object.uid, readUid);
  const parents = within(trail, "parents", object.parents, readParents);
  if (schema === undefined || isAction(uid, schema)) {
    const tags = object.tags === undefined ? noTags : within(trail, "tags", object.tags, readUntyped);
    return new StatedEntity(uid, parents, within(trail, "attrs", object.attrs, readUntyped), tags);
  }
  const type = typeOf(uid, schema, trail);
  const attrs = within(trail, "attrs", object.attrs, () => readAttrs(object.attrs, type, schema, trail));
  const tags = within(trail, "tags", object.tags, () => readTags(object.tags, type, schema, trail));
  return new StatedEntity(uid, parents, attrs, tags);
}

/** Actions are declared with the schema's actions and have no entity type. */
function isAction(uid: Uid, schema: Schema): boolean {
  return schema.actions.get(uid) !== undefined;
}

function typeOf(uid: Uid, schema: Schema, trail: Trail): EntityType {
  const type = schema.entityTypes.get(uid.type);
  if (type === undefined)
    throw refuse(trail, `The schema knows no entity type ${uid.type}, or no such action.`);
  if (type.ids !== undefined && !type.ids.has(uid.id))
    throw refuse(trail, `${uid} is not in its enumeration.`);
  return type;
}

function readParents(json: unknown, trail: Trail): readonly Uid[] {
  if (!Array.isArray(json)) throw refuse(trail, "Expected the list of parents.");
  if (json.length === 0) return noParents;
  const parents: Uid[] = [];
  for (const parent of json) parents.push(within(trail, parents.length, parent, readUid));
  return parents;
}

function readUntyped(json: unknown, trail: Trail): CedarRecord {
  return readRecord(expectObject(json, trail), trail);
}

function readAttrs(json: unknown, type: EntityType, schema: Schema, trail: Trail): CedarRecord {
  return readTypedRecord(expectObject(json, trail), type.shape, schema, trail);
}

function readTags(json: unknown, { tags }: EntityType, schema: Schema, trail: Trail): CedarRecord {
  if (json === undefined) return noTags;
  const object = expectObject(json, trail);
  const record = emptyRecord();
  for (const name of Object.keys(object)) {
    requireWellFormed(name, trail);
    if (tags === undefined) throw refuse(trail, "The schema gives this type no tags.");
    record[name] = within(trail, name, object[name], () => readTyped(object[name], tags, schema, trail));
  }
  return record;
}
