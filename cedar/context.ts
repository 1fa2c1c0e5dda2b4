import { ReadError } from "./error.ts";
import { parseExactJson } from "./exact-json.ts";
import type { EntityUid } from "./policy-json.ts";
import { readTypedRecord } from "./read-typed.ts";
import { expectObject, readRecord, refuse, type Trail } from "./read-value.ts";
import { type CedarRecord, isRecord } from "./record.ts";
import { type Schema, schemaFrom } from "./schema/schema.ts";
import type { SchemaJson } from "./schema/schema-json.ts";

/** A request's context: an object of Cedar's JSON form, or a record made ready by `readContext`. */
export type ContextInput = CedarRecord | Readonly<Record<string, unknown>>;

/**
 * Reads a context, once, for several decisions or by a schema.
 *
 * @param json the object, or JSON text of it
 * @param typed when given, the context is held to the action's type and may be in implicit forms
 * @throws ReadError with the path of what is wrong
 */
export function readContext(
  json: unknown,
  typed?: { readonly schema: Schema | SchemaJson; readonly action: EntityUid },
): CedarRecord {
  const trail: Trail = [];
  const object = typeof json === "string" ? parseExactJson(json) : json;
  if (isRecord(object)) return object;
  if (typed === undefined) return readUntyped(object, trail);
  const schema = schemaFrom(typed.schema);
  const type = schema.contextOf(typed.action);
  if (type === undefined) throw new ReadError("", "The schema knows no such action.");
  return readTypedRecord(expectObject(object, trail), type, schema, trail);
}

/** A context may not be an entity or extension value in disguise. */
function readUntyped(json: unknown, trail: Trail): CedarRecord {
  const object = expectObject(json, trail);
  const disguised = Object.hasOwn(object, "__entity") || Object.hasOwn(object, "__extn");
  if (disguised) throw refuse(trail, "The context is not a record.");
  return readRecord(object, trail);
}
