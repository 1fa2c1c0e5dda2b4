import type { Entity, EntityStore } from "../entity.ts";
import { EvaluationError, typeError } from "../error.ts";
import { type CedarRecord, isRecord } from "../record.ts";
import { Uid } from "../uid.ts";
import { typeName, type Value } from "../value.ts";
import { expectEntity } from "./expect.ts";

/**
 * `value.name` of an entity or a record.
 *
 * @throws EvaluationError when the entity or the attribute is missing, or the value is of another type
 */
export function getAttribute(entities: EntityStore, value: Value, name: string): Value {
  if (value instanceof Uid) return getEntityAttribute(entities, value, name);
  if (isRecord(value)) return getMember(value, name);
  throw typeError("record or entity", typeName(value));
}

/** `record.name`. @throws EvaluationError when the member is missing */
export function getMember(record: CedarRecord, name: string): Value {
  const member = record[name];
  if (member !== undefined) return member;
  throw new EvaluationError("attribute-does-not-exist", `record does not have the attribute ${quote(name)}`);
}

/** `entity.name`. @throws EvaluationError when the entity or the attribute is missing */
export function getEntityAttribute(entities: EntityStore, uid: Uid, name: string): Value {
  const member = requireEntity(entities, uid).attrs[name];
  if (member !== undefined) return member;
  throw new EvaluationError("attribute-does-not-exist", `${uid} does not have the attribute ${quote(name)}`);
}

/** `value has name`; false of an entity that is missing. @throws EvaluationError of kind `type` */
export function hasAttribute(entities: EntityStore, value: Value, name: string): boolean {
  if (value instanceof Uid) return entities.get(value)?.attrs[name] !== undefined;
  if (isRecord(value)) return value[name] !== undefined;
  throw typeError("record or entity", typeName(value));
}

/** `value.getTag(name)`. @throws EvaluationError when the entity or the tag is missing, or a type is wrong */
export function getTag(entities: EntityStore, value: Value, name: Value): Value {
  const uid = expectEntity(value);
  if (typeof name !== "string") throw typeError("string", typeName(name));
  const tag = requireEntity(entities, uid).tags[name];
  if (tag !== undefined) return tag;
  throw new EvaluationError("tag-does-not-exist", `${uid} does not have the tag ${quote(name)}`);
}

/** `value.hasTag(name)`; false of an entity that is missing. @throws EvaluationError of kind `type` */
export function hasTag(entities: EntityStore, value: Value, name: Value): boolean {
  const uid = expectEntity(value);
  if (typeof name !== "string") throw typeError("string", typeName(name));
  return entities.get(uid)?.tags[name] !== undefined;
}

function requireEntity(entities: EntityStore, uid: Uid): Entity {
  const entity = entities.get(uid);
  if (entity !== undefined) return entity;
  throw new EvaluationError("entity-does-not-exist", `entity ${uid} does not exist`);
}

function quote(name: string): string {
  return JSON.stringify(name);
}
