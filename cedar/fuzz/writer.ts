import type { ExprJson } from "../policy-json.ts";
import type { Accessors } from "./accessor.ts";
import type { Choice } from "./choice.ts";
import type { CedarType } from "./type.ts";
import type { Universe } from "./universe.ts";

/** What the generators of expressions share, and how one asks for the parts of another. */
export interface Writer {
  readonly choice: Choice;
  readonly universe: Universe;
  readonly accessors: Accessors;
  /** What its Boolean expressions ask about most: a world that does one thing often finds what a mixed one hides. */
  readonly theme: Theme;
  /** Of a hundred expressions, so many are of another type than they should be. */
  readonly wrongPercent: number;
  /** An expression that is mostly of this type, nested at most `depth` levels. */
  write(type: CedarType, depth: number): ExprJson;
}

export const THEMES = [
  "mixed",
  "numbers",
  "hierarchy",
  "attributes",
  "sets",
  "strings",
  "extensions",
] as const;
export type Theme = (typeof THEMES)[number];

type Binary =
  | "=="
  | "!="
  | "in"
  | "<"
  | "<="
  | ">"
  | ">="
  | "&&"
  | "||"
  | "+"
  | "-"
  | "*"
  | "contains"
  | "containsAll"
  | "containsAny"
  | "getTag"
  | "hasTag";

/** An operator with two operands, in Cedar's JSON. */
export const binary = (operator: Binary, left: ExprJson, right: ExprJson): ExprJson =>
  ({ [operator]: { left, right } }) as unknown as ExprJson;

/** An operator with one operand, in Cedar's JSON. */
export const unary = (operator: "!" | "neg" | "isEmpty", arg: ExprJson): ExprJson =>
  ({ [operator]: { arg } }) as unknown as ExprJson;

/** The call of an extension function or method, in Cedar's JSON. */
export const call = (name: string, ...args: readonly ExprJson[]): ExprJson => ({ [name]: args });

export const conditional = (condition: ExprJson, then: ExprJson, otherwise: ExprJson): ExprJson => ({
  "if-then-else": { if: condition, then, else: otherwise },
});
