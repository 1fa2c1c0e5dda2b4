/**
 * Operators that evaluate all their operands, in their order, and then compute. An operand's error is certain
 * to be the one that ends the evaluation only if nothing before it can fail.
 */
import type { ExprJson } from "../policy-json.ts";
import type { Value } from "../value.ts";
import { attempt, isSafe, type Open, type Outcome, type Walk, written } from "./outcome.ts";

/** The two operands of an operator. */
export interface Two {
  readonly left: ExprJson;
  readonly right: ExprJson;
}

/** An operator with one operand. */
export function strictOne(
  walk: Walk,
  arg: ExprJson,
  compute: (value: Value) => Value,
  rebuild: (part: Open) => Outcome,
): Outcome {
  const outcome = walk(arg);
  if (outcome.state === "failed") return outcome;
  return outcome.state === "known" ? attempt(() => compute(outcome.value)) : rebuild(outcome);
}

/** An operator with two operands; `rebuild` is asked when at least one of them stays open. */
export function strictTwo(
  walk: Walk,
  { left, right }: Two,
  compute: (one: Value, other: Value) => Value,
  rebuild: (parts: Two, one: Outcome, other: Outcome) => Outcome,
): Outcome {
  const one = walk(left);
  if (one.state === "failed") return one;
  const other = walk(right);
  if (other.state === "failed" && isSafe(one)) return other;
  if (one.state === "known" && other.state === "known") {
    return attempt(() => compute(one.value, other.value));
  }
  return rebuild({ left: written(one, left), right: written(other, right) }, one, other);
}

/** An operator with any number of operands; `rebuild` is asked when at least one of them stays open. */
export function strictAll(
  walk: Walk,
  operands: readonly ExprJson[],
  compute: (values: readonly Value[]) => Value,
  rebuild: (parts: readonly ExprJson[], safe: boolean) => Outcome,
): Outcome {
  const walked: { operand: ExprJson; outcome: Outcome }[] = [];
  const values: Value[] = [];
  let safe = true;
  for (const operand of operands) {
    const outcome = walk(operand);
    if (outcome.state === "failed" && safe) return outcome;
    if (outcome.state === "known") values.push(outcome.value);
    safe &&= isSafe(outcome);
    walked.push({ operand, outcome });
  }
  if (values.length === operands.length) return attempt(() => compute(values));
  const parts = walked.map(({ operand, outcome }) => written(outcome, operand));
  return rebuild(parts, safe);
}
