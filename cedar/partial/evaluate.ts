import { CedarSet } from "../cedar-set.ts";
import type { EntityStore } from "../entity.ts";
import type { Long } from "../long.ts";
import {
  add,
  callExtension,
  contains,
  containsAll,
  containsAny,
  expectLong,
  isEmpty,
  less,
  lessOrEqual,
  like,
  multiply,
  negate,
  patternFrom,
  subtract,
} from "../operators/index.ts";
import type { ExprJson, PatternElement, ValueJson, Variable } from "../policy-json.ts";
import { readValue } from "../read-value.ts";
import { emptyRecord } from "../record.ts";
import { byCodePoint } from "../text-order.ts";
import type { Value } from "../value.ts";
import { attribute, has, tag, tagTest } from "./access.ts";
import { equality, membership, typedMembership, typeTest } from "./entity-test.ts";
import { conditional, not, shortCircuit, type Three } from "./logic.ts";
import { isSafe, type Known, known, type Outcome, open, type Walk } from "./outcome.ts";
import { strictAll, strictOne, strictTwo, type Two } from "./strict.ts";

/** What is known while policies are partially evaluated. */
export interface Scene {
  readonly entities: EntityStore;
  readonly variables: Readonly<Record<Variable, Outcome>>;
}

interface One {
  readonly arg: ExprJson;
}

/** What stands under each operator's name. */
interface Forms {
  Value: ValueJson;
  Var: Variable;
  "!": One;
  neg: One;
  isEmpty: One;
  "==": Two;
  "!=": Two;
  in: Two;
  "<": Two;
  "<=": Two;
  ">": Two;
  ">=": Two;
  "&&": Two;
  "||": Two;
  "+": Two;
  "-": Two;
  "*": Two;
  contains: Two;
  containsAll: Two;
  containsAny: Two;
  getTag: Two;
  hasTag: Two;
  ".": { readonly left: ExprJson; readonly attr: string };
  has: { readonly left: ExprJson; readonly attr: string | readonly string[] };
  like: { readonly left: ExprJson; readonly pattern: readonly PatternElement[] };
  is: { readonly left: ExprJson; readonly entity_type: string; readonly in?: ExprJson };
  "if-then-else": Three;
  Set: readonly ExprJson[];
  Record: Readonly<Record<string, ExprJson>>;
}

interface At {
  readonly scene: Scene;
  readonly walk: Walk;
}

type Rule<Form> = (form: Form, at: At) => Outcome;

/** How each operator is evaluated where its operands may be open. */
const rules: { readonly [Operator in keyof Forms]: Rule<Forms[Operator]> } = {
  Value: constant,
  Var: (name, { scene }) => scene.variables[name],
  "!": ({ arg }, { walk }) => not(walk, arg),
  neg: ({ arg }, { walk }) =>
    strictOne(
      walk,
      arg,
      (value) => negate(expectLong(value)),
      ({ expr }) => open({ neg: { arg: expr } }),
    ),
  isEmpty: ({ arg }, { walk }) =>
    strictOne(walk, arg, isEmpty, ({ expr }) => open({ isEmpty: { arg: expr } }, "boolean")),
  "==": (operands, { walk }) => equality(walk, operands),
  "!=": (operands, { walk }) => not(walk, { "==": operands }),
  in: (operands, { walk, scene }) => membership(walk, scene.entities, operands),
  "<": comparison("<", less),
  "<=": comparison("<=", lessOrEqual),
  ">": comparison(">", (one, other) => less(other, one)),
  ">=": comparison(">=", (one, other) => lessOrEqual(other, one)),
  "&&": (operands, { walk }) => shortCircuit(walk, operands, "&&"),
  "||": (operands, { walk }) => shortCircuit(walk, operands, "||"),
  "+": arithmetic("+", add),
  "-": arithmetic("-", subtract),
  "*": arithmetic("*", multiply),
  contains: (operands, { walk }) =>
    strictTwo(walk, operands, contains, (parts, set, element) =>
      open({ contains: parts }, "boolean", isKnownSet(set) && isSafe(element)),
    ),
  containsAll: comparison("containsAll", containsAll),
  containsAny: comparison("containsAny", containsAny),
  getTag: (operands, { walk, scene }) => tag(walk, scene.entities, operands),
  hasTag: (operands, { walk, scene }) => tagTest(walk, scene.entities, operands),
  ".": ({ left, attr }, { walk, scene }) => attribute(walk, scene.entities, left, attr),
  has: ({ left, attr }, { walk, scene }) => has(walk, scene.entities, left, attr),
  like: ({ left, pattern }, { walk }) =>
    strictOne(
      walk,
      left,
      (value) => like(value, patternFrom(pattern)),
      ({ expr }) => open({ like: { left: expr, pattern } }, "boolean"),
    ),
  is: ({ left, entity_type, in: right }, { walk, scene }) =>
    right === undefined
      ? typeTest(walk, left, entity_type)
      : typedMembership(walk, scene.entities, { left, right }, entity_type),
  "if-then-else": (operands, { walk }) => conditional(walk, operands),
  Set: (elements, { walk }) =>
    strictAll(walk, elements, CedarSet.of, (parts, safe) => open({ Set: parts }, "any", safe)),
  Record: (members, { walk }) => record(walk, members),
};

function isKnownSet(outcome: Outcome): boolean {
  return outcome.state === "known" && outcome.value instanceof CedarSet;
}

function comparison(
  operator: "<" | "<=" | ">" | ">=" | "containsAll" | "containsAny",
  compute: (one: Value, other: Value) => boolean,
): Rule<Two> {
  return (operands, { walk }) =>
    strictTwo(walk, operands, compute, (parts) => open({ [operator]: parts } as ExprJson, "boolean"));
}

function arithmetic(operator: "+" | "-" | "*", compute: (one: Long, other: Long) => Long): Rule<Two> {
  const onValues = (one: Value, other: Value) => compute(expectLong(one), expectLong(other));
  return (operands, { walk }) =>
    strictTwo(walk, operands, onValues, (parts) => open({ [operator]: parts } as ExprJson));
}

/** Members are computed in the order of their names, which shows in which error comes first. */
function record(walk: Walk, members: Readonly<Record<string, ExprJson>>): Outcome {
  const sorted = Object.entries(members).sort(([one], [other]) => byCodePoint(one, other));
  const names = sorted.map(([name]) => name);
  const compute = (values: readonly Value[]): Value => {
    const made = emptyRecord();
    for (const [index, value] of values.entries()) made[names[index] ?? ""] = value;
    return made;
  };
  return strictAll(
    walk,
    sorted.map(([, member]) => member),
    compute,
    (parts, safe) =>
      open({ Record: Object.fromEntries(parts.map((part, index) => [names[index], part])) }, "record", safe),
  );
}

function call(name: string, args: readonly ExprJson[], walk: Walk): Outcome {
  const compute = (values: readonly Value[]) => callExtension(name, values);
  const kind = tests.has(name) ? "boolean" : "any";
  return strictAll(walk, args, compute, (parts) => open({ [name]: parts }, kind));
}

/** The extension functions whose value is a boolean. */
const tests: ReadonlySet<string> = new Set([
  "lessThan",
  "lessThanOrEqual",
  "greaterThan",
  "greaterThanOrEqual",
  "isIpv4",
  "isIpv6",
  "isLoopback",
  "isMulticast",
  "isInRange",
]);

/** Literals are read once, however often they are evaluated. */
const constants = new WeakMap<object, Known>();

function constant(json: ValueJson): Known {
  if (typeof json !== "object") return known(readValue(json, []));
  const value = constants.get(json) ?? known(readValue(json, []));
  constants.set(json, value);
  return value;
}

/**
 * Evaluates expressions as far as the scene allows. They are expressions that have been compiled before, so
 * that their form and depth are sound.
 */
export function evaluatorIn(scene: Scene): Walk {
  const walk: Walk = (expr) => {
    const operator = Object.keys(expr)[0] ?? "";
    const form: unknown = (expr as Readonly<Record<string, unknown>>)[operator];
    if (!Object.hasOwn(rules, operator)) return call(operator, form as readonly ExprJson[], walk);
    return (rules[operator as keyof Forms] as Rule<unknown>)(form, at);
  };
  const at: At = { scene, walk };
  return walk;
}
