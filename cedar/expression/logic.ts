import { expectBoolean } from "../operators/index.ts";
import type { ExprJson } from "../policy-json.ts";
import { constant, dynamic, type Node, question, type Test, unaryQuestion } from "./node.ts";
import type { Operand } from "./operand.ts";

/** `!arg`. */
export function compileNot(arg: Node): Node {
  return unaryQuestion(arg, (value) => !expectBoolean(value));
}

/** `left && right`: the right side is not looked at unless the left is true. */
export function compileAnd(operand: Operand): Node {
  return shortCircuit(chain(operand, "&&"), false);
}

/** `left || right`: the right side is not looked at unless the left is false. */
export function compileOr(operand: Operand): Node {
  return shortCircuit(chain(operand, "||"), true);
}

/** A long chain leans to the left in the JSON form; it is one list here, so that its length costs no stack. */
function chain(operand: Operand, operator: "&&" | "||"): Node[] {
  const parts: unknown[] = [operand.member("right")];
  let left = operand.member("left");
  for (let inner = operandOf(left, operator); inner !== undefined; inner = operandOf(left, operator)) {
    parts.push(inner.right);
    left = inner.left;
  }
  parts.push(left);
  return parts.reverse().map((part, position) => operand.site.part(part as ExprJson, operator, position));
}

/** The two sides, when the expression is another link of the same chain. */
function operandOf(expression: unknown, operator: string): { left: unknown; right: unknown } | undefined {
  if (typeof expression !== "object" || expression === null) return undefined;
  if (Object.keys(expression).length !== 1 || !Object.hasOwn(expression, operator)) return undefined;
  const operand = (expression as Readonly<Record<string, unknown>>)[operator];
  if (typeof operand !== "object" || operand === null) return undefined;
  return "left" in operand && "right" in operand ? { left: operand.left, right: operand.right } : undefined;
}

/**
 * The parts in order until one has the decisive value. A part known to be indecisive says nothing and is left
 * out; what follows a part known to be decisive is never reached.
 */
export function shortCircuit(parts: readonly Node[], decisive: boolean): Node {
  const kept = reachable(parts, decisive).filter((part) => part.constant !== !decisive);
  const [first, second, ...rest] = kept.map(testOf);
  if (first === undefined) return constant(!decisive);
  if (second === undefined) return question(first);
  if (rest.length === 0) return question(pair(first, second, decisive));
  return question(sequence([first, second, ...rest], decisive));
}

function reachable(parts: readonly Node[], decisive: boolean): readonly Node[] {
  const end = parts.findIndex((part) => part.constant === decisive);
  return end < 0 ? parts : parts.slice(0, end + 1);
}

/** The expression as a question; anything but a boolean is an error. */
export function testOf({ evaluate, test }: Node): Test {
  if (test !== undefined) return test;
  return (environment) => expectBoolean(evaluate(environment));
}

function pair(first: Test, second: Test, decisive: boolean): Test {
  if (decisive) return (environment) => first(environment) || second(environment);
  return (environment) => first(environment) && second(environment);
}

function sequence(tests: readonly Test[], decisive: boolean): Test {
  return (environment) => {
    for (const test of tests) if (test(environment) === decisive) return decisive;
    return !decisive;
  };
}

/** `if … then … else …`: only the branch that is chosen is looked at. */
export function compileIf(condition: Node, then: Node, otherwise: Node): Node {
  if (typeof condition.constant === "boolean") return condition.constant ? then : otherwise;
  const [decide, yes, no] = [testOf(condition), then.evaluate, otherwise.evaluate];
  return dynamic((environment) => (decide(environment) ? yes(environment) : no(environment)));
}
