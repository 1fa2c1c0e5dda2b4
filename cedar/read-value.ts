import { CedarSet } from "./cedar-set.ts";
import { EvaluationError, ReadError } from "./error.ts";
import { isLong, type Long, longFrom } from "./long.ts";
import { typeNameOf } from "./name.ts";
import { callExtension } from "./operators/extension-call.ts";
import { type CedarRecord, emptyRecord } from "./record.ts";
import { Uid } from "./uid.ts";
import type { Value } from "./value.ts";

/** The members on the way from the root to what is being read: for messages, and to bound the depth. */
export type Trail = (string | number)[];

/** How deeply values may nest; Cedar's own reader stops near 120. */
const deepest = 100;

/** A JSON object as a parser makes it, of no class that could give it members. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The error of whatever stands at the end of the trail. */
export function refuse(trail: Trail, message: string): ReadError {
  return new ReadError(trail.join("."), message);
}

/** Reads what is one step further down the trail. */
export function within<J, T>(
  trail: Trail,
  step: string | number,
  json: J,
  read: (json: J, trail: Trail) => T,
): T {
  if (trail.length >= deepest) throw refuse(trail, `The value nests deeper than ${deepest} levels.`);
  trail.push(step);
  const result = read(json, trail);
  trail.pop();
  return result;
}

/** A plain JSON object, as from a JSON parser or an object literal; instances of classes are refused. */
export function expectObject(json: unknown, trail: Trail): JsonObject {
  if (typeof json === "object" && json !== null && isPlain(json)) return json as JsonObject;
  throw refuse(trail, `Expected an object, found ${kindOf(json)}.`);
}

/** Of any realm: an object literal's prototype is the only one whose own prototype is null. A list's is not. */
function isPlain(json: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(json);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

/** Reads any value without a schema: references and extension values are in their explicit forms. */
export function readValue(json: unknown, trail: Trail): Value {
  if (typeof json === "string") return readString(json, trail);
  if (typeof json === "boolean") return json;
  if (typeof json === "number" || typeof json === "bigint") return readLong(json, trail);
  if (Array.isArray(json)) return readSet(json, trail, readValue);
  const object = expectObject(json, trail);
  if (object.__entity !== undefined) return readEscapedUid(object, trail);
  if (object.__extn !== undefined) return readEscapedCall(object, trail);
  if (object.__expr !== undefined) throw refuse(trail, "The __expr form is not supported.");
  return readRecord(object, trail);
}

/** Reads a record without a schema. */
export function readRecord(object: JsonObject, trail: Trail): CedarRecord {
  const record = emptyRecord();
  for (const name of Object.keys(object)) {
    requireWellFormed(name, trail);
    const value = object[name];
    if (isPlainJson(value)) record[name] = value;
    else if (value !== undefined) record[name] = within(trail, name, value, readValue);
  }
  return record;
}

/** Refuses a name that no other engine could have. */
export function requireWellFormed(name: string, trail: Trail): void {
  if (!name.isWellFormed()) throw refuse(trail, "A member's name is not well-formed Unicode.");
}

/** What is its own value: most members are, and need no trail. */
function isPlainJson(json: unknown): json is boolean | string | number {
  if (typeof json === "string") return json.isWellFormed();
  return typeof json === "number" ? Number.isSafeInteger(json) : typeof json === "boolean";
}

/** Reads the elements of a set; equal ones count once. */
export function readSet(
  json: readonly unknown[],
  trail: Trail,
  read: (json: unknown, trail: Trail) => Value,
): CedarSet {
  return CedarSet.of(json.map((element, position) => within(trail, position, element, read)));
}

/** A string that is Unicode; half a surrogate pair would become another string in any other engine. */
export function readString(json: unknown, trail: Trail): string {
  if (typeof json !== "string") throw refuse(trail, `Expected a string, found ${kindOf(json)}.`);
  if (!json.isWellFormed()) throw refuse(trail, "The string is not well-formed Unicode.");
  return json;
}

/** An integer of 64 bits: a number that JavaScript holds exactly, or a bigint. */
export function readLong(json: unknown, trail: Trail): Long {
  if (typeof json === "number" && Number.isSafeInteger(json)) return json;
  if (typeof json === "bigint" && isLong(json)) return longFrom(json);
  if (typeof json === "bigint") throw refuse(trail, "The integer does not fit into 64 bits.");
  if (typeof json !== "number") throw refuse(trail, `Expected an integer, found ${kindOf(json)}.`);
  if (!Number.isInteger(json)) throw refuse(trail, "The number is not an integer.");
  throw refuse(trail, "The integer is not exact in JavaScript beyond 2^53; give a bigint or JSON text.");
}

/** A reference, as `{ type, id }` or in the explicit form `{ __entity: { type, id } }`. */
export function readUid(json: unknown, trail: Trail): Uid {
  const object = expectObject(json, trail);
  return object.__entity === undefined ? readPlainUid(object, trail) : readEscapedUid(object, trail);
}

const entityMembers = ["__entity"];

function readEscapedUid(object: JsonObject, trail: Trail): Uid {
  onlyMembers(object, entityMembers, trail);
  return within(trail, "__entity", expectObject(object.__entity, trail), readPlainUid);
}

function readPlainUid(object: JsonObject, trail: Trail): Uid {
  for (const name in object) if (name !== "type" && name !== "id") throw unknownMember(name, trail);
  const type = typeof object.type === "string" ? typeNameOf(object.type) : undefined;
  if (type === undefined) throw refuse(trail, "The entity has no valid type.");
  return new Uid(type, readString(object.id, trail));
}

/** Refuses members with any other name, so that a misspelt one is not overlooked. */
export function onlyMembers(object: JsonObject, names: readonly string[], trail: Trail): void {
  for (const name in object) if (!names.includes(name)) throw unknownMember(name, trail);
}

function unknownMember(name: string, trail: Trail): ReadError {
  return refuse(trail, `Unknown member ${JSON.stringify(name)}.`);
}

const extensionMembers = ["__extn"];

/** A call in the explicit form `{ __extn: { fn, arg } }`. */
export function readEscapedCall(object: JsonObject, trail: Trail): Value {
  onlyMembers(object, extensionMembers, trail);
  return within(trail, "__extn", object.__extn, readCall);
}

/** A call of an extension function, `{ fn, arg }` or `{ fn, args }`, with values in their explicit forms. */
export function readCall(json: unknown, trail: Trail): Value {
  const object = expectObject(json, trail);
  for (const name in object) {
    if (name !== "fn" && name !== "arg" && name !== "args") throw unknownMember(name, trail);
  }
  const name = readString(object.fn, trail);
  if (object.args === undefined)
    return callConstructor(name, [within(trail, "arg", object.arg, readValue)], trail);
  if (!Array.isArray(object.args)) throw refuse(trail, "The arguments of an extension function are a list.");
  const args = object.args.map((arg, position) => within(trail, position, arg, readValue));
  return callConstructor(name, args, trail);
}

/** Calls an extension function while reading, where its failure means that the input is wrong. */
export function callConstructor(name: string, args: readonly Value[], trail: Trail): Value {
  try {
    return callExtension(name, args);
  } catch (error) {
    if (error instanceof EvaluationError) throw refuse(trail, error.message);
    throw error;
  }
}

/** The kind of a JSON value, for messages. */
export function kindOf(json: unknown): string {
  if (json === null) return "null";
  if (json === undefined) return "nothing";
  return Array.isArray(json) ? "a list" : `a ${typeof json}`;
}
