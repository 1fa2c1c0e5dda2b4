import {
  callConstructor,
  expectObject,
  type JsonObject,
  kindOf,
  readCall,
  readEscapedCall,
  readLong,
  readSet,
  readString,
  readUid,
  refuse,
  type Trail,
  within,
} from "./read-value.ts";
import { type CedarRecord, emptyRecord } from "./record.ts";
import type { Schema } from "./schema/schema.ts";
import { constructorOf, type ExtensionTypeName, type RecordType, type Type } from "./schema/type.ts";
import type { Uid } from "./uid.ts";
import { isExtension, type Value } from "./value.ts";

/** Reads a value of a known type: references and extension values may be in their implicit forms. */
export function readTyped(json: unknown, type: Type, schema: Schema, trail: Trail): Value {
  switch (type.kind) {
    case "boolean":
      if (typeof json === "boolean") return json;
      throw refuse(trail, `Expected a boolean, found ${kindOf(json)}.`);
    case "long":
      return readLong(json, trail);
    case "string":
      return readString(json, trail);
    case "entity":
      return readTypedUid(json, type.name, schema, trail);
    case "extension":
      return readExtension(json, type.name, trail);
    case "set":
      if (!Array.isArray(json)) throw refuse(trail, `Expected a list, found ${kindOf(json)}.`);
      return readSet(json, trail, (element) => readTyped(element, type.element, schema, trail));
    case "record":
      return readTypedRecord(expectObject(json, trail), type, schema, trail);
  }
}

/** Reads a record whose members are known; a member that is missing or that nobody knows is refused. */
export function readTypedRecord(
  object: JsonObject,
  type: RecordType,
  schema: Schema,
  trail: Trail,
): CedarRecord {
  const record = emptyRecord();
  for (const name of Object.keys(object)) {
    const attribute = type.attributes.get(name);
    const value = object[name];
    if (value === undefined) continue;
    if (attribute === undefined)
      throw refuse(trail, `The schema knows no attribute ${JSON.stringify(name)}.`);
    record[name] = within(trail, name, value, () => readTyped(value, attribute.type, schema, trail));
  }
  for (const [name, { required }] of type.attributes) {
    if (required && record[name] === undefined) {
      throw refuse(trail, `The attribute ${JSON.stringify(name)} is missing.`);
    }
  }
  return record;
}

function readTypedUid(json: unknown, type: string, schema: Schema, trail: Trail): Uid {
  const uid = readUid(json, trail);
  if (uid.type !== type) throw refuse(trail, `Expected an entity of type ${type}, found ${uid.type}.`);
  const ids = schema.entityTypes.get(type)?.ids;
  if (ids !== undefined && !ids.has(uid.id))
    throw refuse(trail, `The type ${type} has no entity of this id.`);
  return uid;
}

function readExtension(json: unknown, type: ExtensionTypeName, trail: Trail): Value {
  const value = readExtensionForm(json, type, trail);
  if (isExtension(value) && value.typeName === type) return value;
  throw refuse(trail, `Expected a value of type ${type}.`);
}

function readExtensionForm(json: unknown, type: ExtensionTypeName, trail: Trail): Value {
  if (typeof json === "string") return callConstructor(constructorOf[type], [readString(json, trail)], trail);
  const object = expectObject(json, trail);
  return Object.hasOwn(object, "__extn") ? readEscapedCall(object, trail) : readCall(object, trail);
}
