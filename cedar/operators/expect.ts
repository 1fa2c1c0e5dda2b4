import { CedarSet } from "../cedar-set.ts";
import { typeError } from "../error.ts";
import type { Long } from "../long.ts";
import { Uid } from "../uid.ts";
import { typeName, type Value } from "../value.ts";

/** The value as a boolean. @throws EvaluationError of kind `type` */
export function expectBoolean(value: Value): boolean {
  if (typeof value === "boolean") return value;
  throw typeError("bool", typeName(value));
}

/** The value as a string. @throws EvaluationError of kind `type` */
export function expectString(value: Value): string {
  if (typeof value === "string") return value;
  throw typeError("string", typeName(value));
}

/** The value as a Long. @throws EvaluationError of kind `type` */
export function expectLong(value: Value): Long {
  if (typeof value === "number" || typeof value === "bigint") return value;
  throw typeError("long", typeName(value));
}

/** The value as a set. @throws EvaluationError of kind `type` */
export function expectSet(value: Value): CedarSet {
  if (value instanceof CedarSet) return value;
  throw typeError("set", typeName(value));
}

/** The value as an entity reference. @throws EvaluationError of kind `type` */
export function expectEntity(value: Value): Uid {
  if (value instanceof Uid) return value;
  throw typeError("entity", typeName(value));
}
