import { EvaluationError } from "../error.ts";
import type { Variable } from "../policy-json.ts";
import type { Value } from "../value.ts";
import type { Environment } from "./environment.ts";

/** Computes an expression's value. @throws EvaluationError */
export type Evaluate = (environment: Environment) => Value;

/** Computes whether something holds. @throws EvaluationError */
export type Test = (environment: Environment) => boolean;

/** A compiled expression. */
export interface Node {
  readonly evaluate: Evaluate;
  /** There when the value is the same in every environment. */
  readonly constant: Value | undefined;
  /** The same as `evaluate`, when the value cannot be anything but a boolean. */
  readonly test: Test | undefined;
  /** There when the expression is nothing but this variable. */
  readonly variable: Variable | undefined;
}

/** An expression whose value depends on the environment. */
export function dynamic(evaluate: Evaluate): Node {
  return { evaluate, constant: undefined, test: undefined, variable: undefined };
}

/** An expression that is true or false, or errs. */
export function question(test: Test): Node {
  return { evaluate: test, constant: undefined, test, variable: undefined };
}

/** An expression that always has the same value. */
export function constant(value: Value): Node {
  return { evaluate: () => value, constant: value, test: undefined, variable: undefined };
}

/** Computes a constant while compiling. What fails now would fail each time, and must do so when asked for. */
export function fold(compute: () => Value): Node {
  try {
    return constant(compute());
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return dynamic(() => {
      throw error;
    });
  }
}

/** An operator of one value that needs no entities. */
export function unary(arg: Node, apply: (value: Value) => Value): Node {
  const known = arg.constant;
  if (known !== undefined) return fold(() => apply(known));
  const { evaluate } = arg;
  return dynamic((environment) => apply(evaluate(environment)));
}

/** The same, of an operator whose result is a boolean. */
export function unaryQuestion(arg: Node, apply: (value: Value) => boolean): Node {
  const known = arg.constant;
  if (known !== undefined) return fold(() => apply(known));
  const { evaluate } = arg;
  return question((environment) => apply(evaluate(environment)));
}

/** An operator of two values that needs no entities. */
export function binary(left: Node, right: Node, apply: (left: Value, right: Value) => Value): Node {
  const [one, other] = [left.constant, right.constant];
  if (one !== undefined && other !== undefined) return fold(() => apply(one, other));
  const [evaluateLeft, evaluateRight] = [left.evaluate, right.evaluate];
  if (other !== undefined) return dynamic((environment) => apply(evaluateLeft(environment), other));
  return dynamic((environment) => apply(evaluateLeft(environment), evaluateRight(environment)));
}

/** The same, of an operator whose result is a boolean. */
export function binaryQuestion(left: Node, right: Node, apply: (left: Value, right: Value) => boolean): Node {
  const [one, other] = [left.constant, right.constant];
  if (one !== undefined && other !== undefined) return fold(() => apply(one, other));
  const [evaluateLeft, evaluateRight] = [left.evaluate, right.evaluate];
  if (other !== undefined) return question((environment) => apply(evaluateLeft(environment), other));
  return question((environment) => apply(evaluateLeft(environment), evaluateRight(environment)));
}
