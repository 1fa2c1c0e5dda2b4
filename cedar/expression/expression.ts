import type { Long } from "../long.ts";
import { typeNameOf } from "../name.ts";
import {
  add,
  contains,
  containsAll,
  containsAny,
  expectLong,
  extensionFunction,
  isEmpty,
  isExtensionFunction,
  less,
  lessOrEqual,
  like,
  multiply,
  negate,
  patternFrom,
  subtract,
} from "../operators/index.ts";
import type { ExprJson, PatternElement } from "../policy-json.ts";
import type { Value } from "../value.ts";
import { compileGet, compileGetTag, compileHas, compileHasTag } from "./access.ts";
import { compileEquals, compileIn, compileIs, compileIsIn } from "./comparison.ts";
import { collected, compileRecord, compileSet, compileValue, compileVariable } from "./literal.ts";
import { compileAnd, compileIf, compileNot, compileOr } from "./logic.ts";
import { binary, binaryQuestion, type Node, unary, unaryQuestion } from "./node.ts";
import { Operand } from "./operand.ts";
import type { Site } from "./site.ts";

type TwoValues = (left: Value, right: Value) => Value;

/** What each form of expression compiles to. Everything else must be an extension function. */
const forms: ReadonlyMap<string, (operand: Operand) => Node> = new Map<string, (operand: Operand) => Node>([
  ["Value", compileValue],
  ["Var", compileVariable],
  ["Set", compileSet],
  ["Record", compileRecord],
  ["!", (operand) => compileNot(operand.node("arg"))],
  ["neg", (operand) => unary(operand.node("arg"), (value) => negate(expectLong(value)))],
  ["isEmpty", (operand) => unaryQuestion(operand.node("arg"), isEmpty)],
  ["&&", compileAnd],
  ["||", compileOr],
  ["==", (operand) => compileEquals(operand.node("left"), operand.node("right"))],
  ["!=", (operand) => compileNot(compileEquals(operand.node("left"), operand.node("right")))],
  ["in", (operand) => compileIn(operand.node("left"), operand.node("right"))],
  ["<", asks(less)],
  ["<=", asks(lessOrEqual)],
  [">", asks((left, right) => less(right, left))],
  [">=", asks((left, right) => lessOrEqual(right, left))],
  ["+", two(longs(add))],
  ["-", two(longs(subtract))],
  ["*", two(longs(multiply))],
  ["contains", asks(contains)],
  ["containsAll", asks(containsAll)],
  ["containsAny", asks(containsAny)],
  [".", (operand) => compileGet(operand.node("left"), operand.text("attr"))],
  ["has", (operand) => compileHas(operand.node("left"), attributePath(operand))],
  ["getTag", (operand) => compileGetTag(operand.node("left"), operand.node("right"))],
  ["hasTag", (operand) => compileHasTag(operand.node("left"), operand.node("right"))],
  ["like", compileLike],
  ["is", compileTypeTest],
  ["if-then-else", (operand) => compileIf(operand.node("if"), operand.node("then"), operand.node("else"))],
]);

function compileTypeTest(operand: Operand): Node {
  const [left, type, right] = [operand.node("left"), entityType(operand), operand.optionalNode("in")];
  return right === undefined ? compileIs(left, type) : compileIsIn(left, type, right);
}

/**
 * Compiles one expression of Cedar's JSON form.
 *
 * @throws CompileError when it is not one, or nests too deeply
 */
export function compileExpression(expression: ExprJson, site: Site): Node {
  const [operator, ...others] =
    typeof expression === "object" && expression !== null ? Object.keys(expression) : [];
  if (operator === undefined || others.length > 0)
    throw site.error("An expression has exactly one operator.");
  const operand = new Operand(operator, (expression as Readonly<Record<string, unknown>>)[operator], site);
  const form = forms.get(operator);
  if (form !== undefined) return form(operand);
  if (isExtensionFunction(operator)) return collected(operand.nodes(), extensionFunction(operator));
  throw site.error(`There is no operator or function ${JSON.stringify(operator)}.`);
}

function two(apply: TwoValues): (operand: Operand) => Node {
  return (operand) => binary(operand.node("left"), operand.node("right"), apply);
}

function asks(apply: (left: Value, right: Value) => boolean): (operand: Operand) => Node {
  return (operand) => binaryQuestion(operand.node("left"), operand.node("right"), apply);
}

function longs(apply: (left: Long, right: Long) => Long): TwoValues {
  return (left, right) => apply(expectLong(left), expectLong(right));
}

function entityType(operand: Operand): string {
  const name = typeNameOf(operand.text("entity_type"));
  if (name === undefined) throw operand.error("The operator is names no valid entity type.");
  return name;
}

function attributePath(operand: Operand): readonly string[] {
  const path = operand.member("attr");
  if (typeof path === "string") return [operand.string(path)];
  const names = operand.list(path).map((name) => operand.string(name));
  if (names.length === 0) throw operand.error("The path of has is empty.");
  return names;
}

function compileLike(operand: Operand): Node {
  const pattern = patternFrom(
    operand.list(operand.member("pattern")).map((part) => patternElement(part, operand)),
  );
  return unaryQuestion(operand.node("left"), (value) => like(value, pattern));
}

function patternElement(part: unknown, operand: Operand): PatternElement {
  if (part === "Wildcard") return part;
  if (typeof part === "object" && part !== null && "Literal" in part) {
    return { Literal: operand.string(part.Literal) };
  }
  throw operand.error("A pattern is made of literals and wildcards.");
}
