import { typeError } from "../error.ts";
import { expectBoolean } from "../operators/index.ts";
import type { ExprJson } from "../policy-json.ts";
import { typeName } from "../value.ts";
import {
  attempt,
  type Failed,
  isSafe,
  type Known,
  known,
  type Open,
  type Outcome,
  open,
  type Walk,
  written,
} from "./outcome.ts";
import type { Two } from "./strict.ts";

/** The operators that look at their parts in order until one of them has the decisive value. */
export type Connective = "&&" | "||";

/** `!arg` */
export function not(walk: Walk, arg: ExprJson): Outcome {
  const outcome = walk(arg);
  if (outcome.state === "failed") return outcome;
  if (outcome.state === "known") return attempt(() => !expectBoolean(outcome.value));
  return open({ "!": { arg: outcome.expr } }, "boolean", safelyBoolean(outcome));
}

/** `left && right` or `left || right` */
export function shortCircuit(walk: Walk, operands: Two, operator: Connective): Outcome {
  const rest = remaining(walk, chain(operands, operator), operator === "||");
  if ("state" in rest) return rest;
  const [only, second] = rest;
  if (only !== undefined && second === undefined && only.kind === "boolean") return only;
  const parts = second === undefined ? [open({ Value: operator === "&&" }), ...rest] : rest;
  return open(joined(parts, operator), "boolean", rest.every(safelyBoolean));
}

/**
 * The parts of a chain that must still be evaluated, in their order; or what the whole comes to. A part that
 * is known and not decisive says nothing and is left out; one that ends the evaluation is the last. An error
 * is certain only where nothing open comes before it, a decisive value also behind parts that cannot fail.
 */
export function remaining(
  walk: Walk,
  parts: readonly ExprJson[],
  decisive: boolean,
): readonly Open[] | Known | Failed {
  const rest: Open[] = [];
  for (const part of parts) {
    const outcome = needBoolean(walk(part));
    if (outcome.state === "open") rest.push(outcome);
    else if (rest.length === 0 && outcome.state === "failed") return outcome;
    else if (outcome.state === "failed") return [...rest, open(part, "boolean")];
    else if (outcome.value === decisive) {
      return rest.every(safelyBoolean) ? outcome : [...rest, open({ Value: decisive }, "boolean", true)];
    }
  }
  return rest.length === 0 ? known(!decisive) : rest;
}

function needBoolean(outcome: Outcome): Outcome {
  if (outcome.state !== "known" || typeof outcome.value === "boolean") return outcome;
  return { state: "failed", error: typeError("bool", typeName(outcome.value)) };
}

/** A long chain leans to the left in the JSON form; as a list its length costs no stack. */
export function chain(operands: Two, operator: Connective): ExprJson[] {
  const parts = [operands.right];
  let { left } = operands;
  for (let inner = operandsOf(left, operator); inner !== undefined; inner = operandsOf(left, operator)) {
    parts.push(inner.right);
    left = inner.left;
  }
  parts.push(left);
  return parts.reverse();
}

function operandsOf(expr: ExprJson, operator: Connective): Two | undefined {
  return Object.hasOwn(expr, operator) ? (expr as Readonly<Record<string, Two>>)[operator] : undefined;
}

/** Parts as one expression. */
export function joined(parts: readonly Open[], operator: Connective): ExprJson {
  return parts
    .map((part) => part.expr)
    .reduce(
      (left, right): ExprJson => (operator === "&&" ? { "&&": { left, right } } : { "||": { left, right } }),
    );
}

/** The operands of `if … then … else …`. */
export interface Three {
  readonly if: ExprJson;
  readonly then: ExprJson;
  readonly else: ExprJson;
}

/** `if … then … else …` */
export function conditional(walk: Walk, expr: Three): Outcome {
  const test = walk(expr.if);
  if (test.state === "failed") return test;
  if (test.state === "open") return openTest(walk, test, expr);
  const chosen = attempt(() => expectBoolean(test.value));
  if (chosen.state === "failed") return chosen;
  return walk(chosen.value === true ? expr.then : expr.else);
}

function openTest(walk: Walk, test: Open, expr: Three): Open {
  const yes = walk(expr.then);
  const no = walk(expr.else);
  // biome-ignore lint/suspicious/noThenProperty: Cedar's JSON form names it so
  const rest = { if: test.expr, then: written(yes, expr.then), else: written(no, expr.else) };
  const kind = isBoolean(yes) && isBoolean(no) ? "boolean" : "any";
  return open({ "if-then-else": rest }, kind, safelyBoolean(test) && isSafe(yes) && isSafe(no));
}

function isBoolean(outcome: Outcome): boolean {
  if (outcome.state === "known") return typeof outcome.value === "boolean";
  return outcome.state === "open" && outcome.kind === "boolean";
}

function safelyBoolean(outcome: Outcome): boolean {
  return isSafe(outcome) && isBoolean(outcome);
}
