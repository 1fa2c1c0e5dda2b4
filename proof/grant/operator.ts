import type { Json, JsonObject } from "../jcs/index.ts";
import { canonicalize } from "../jcs/index.ts";
import { VerificationError } from "../verification-error.ts";
import { isExact } from "./exact-value.ts";
import { limits } from "./limits.ts";

/** What every constraint operator can do. `C` is its constraint without the `optional` mark. */
export type Operator<C> = {
  /** The members it has beside `op` and `optional`; any other is refused. */
  members: readonly string[];
  /** Reads the constraint. @throws VerificationError `malformed` */
  parse(members: JsonObject): C;
  /** Whether it lets this value pass. The value has been found exact. */
  permits(constraint: C, value: Json): boolean;
  /** One phrase that follows the argument's name. */
  describe(constraint: C, show: (value: Json) => string): string;
};

/** An operator whose constraints narrow one another. Finite ones (`eq`, `in`) are compared value by value. */
export type NarrowingOperator<C> = Operator<C> & {
  /** Whether everything that `child` permits is permitted by `parent`. */
  covers(parent: C, child: C): boolean;
  /** A constraint that both cover; undefined where nothing (or nothing expressible) is left. */
  meet(a: C, b: C): C | undefined;
};

/** A list of distinct exact values, not empty: an empty list would mean everything to one reader and nothing to another. */
export function parseValues(attackerValues: Json | undefined): Json[] {
  if (!Array.isArray(attackerValues) || attackerValues.length === 0) throw malformed("values are no list");
  if (attackerValues.length > limits.values) throw malformed("too many values");
  const values = attackerValues.map(parseValue);
  if (new Set(values.map(canonicalize)).size !== values.length) throw malformed("a value is there twice");
  return values;
}

/** One exact value of bounded size. */
export function parseValue(attackerValue: Json | undefined): Json {
  if (attackerValue === undefined || !isExact(attackerValue)) throw malformed("a value is not exact");
  if (canonicalize(attackerValue).length > limits.text) throw malformed("a value is too long");
  return attackerValue;
}

/** A text that names something: not empty, bounded, without control characters. */
export function parseText(attackerText: Json | undefined): string {
  const isText = typeof attackerText === "string" && attackerText !== "" && attackerText.isWellFormed();
  if (!isText || attackerText.length > limits.text || /\p{Cc}/u.test(attackerText)) {
    throw malformed("a text is empty, too long or has control characters");
  }
  return attackerText;
}

export function malformed(why: string): VerificationError {
  return new VerificationError("malformed", `not a grant: ${why}`);
}
