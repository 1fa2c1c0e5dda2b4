import { equals, expectEntity, isIn, isOfType } from "../operators/index.ts";
import { sameUid, Uid } from "../uid.ts";
import type { Value } from "../value.ts";
import { binaryQuestion, type Evaluate, type Node, question, type Test, unaryQuestion } from "./node.ts";

/** `left == right`. Most comparisons are with a constant, and most constants compare by `===`. */
export function compileEquals(left: Node, right: Node): Node {
  const [one, other] = [left.constant, right.constant];
  if (one === undefined && other !== undefined) return question(equalsConstant(left.evaluate, other));
  if (one !== undefined && other === undefined) return question(equalsConstant(right.evaluate, one));
  return binaryQuestion(left, right, equals);
}

/** Evaluating a constant cannot fail, so the order of the two does not matter. */
function equalsConstant(evaluate: Evaluate, constant: Value): Test {
  if (typeof constant !== "object") return (environment) => evaluate(environment) === constant;
  if (!(constant instanceof Uid)) return (environment) => equals(evaluate(environment), constant);
  return (environment) => {
    const value = evaluate(environment);
    return value instanceof Uid && sameUid(value, constant);
  };
}

/** `left in right`. */
export function compileIn(left: Node, right: Node): Node {
  const [evaluateLeft, evaluateRight] = [left.evaluate, right.evaluate];
  return question((environment) => isIn(environment, evaluateLeft(environment), evaluateRight(environment)));
}

/** `left is entityType`. */
export const compileIs = (left: Node, entityType: string): Node =>
  unaryQuestion(left, (value) => isOfType(expectEntity(value), entityType));

/** `left is entityType in right`. The left side is evaluated once: twice would double with each nesting. */
export function compileIsIn(left: Node, entityType: string, right: Node): Node {
  const [evaluateLeft, evaluateRight] = [left.evaluate, right.evaluate];
  return question((environment) => {
    const entity = expectEntity(evaluateLeft(environment));
    return isOfType(entity, entityType) && isIn(environment, entity, evaluateRight(environment));
  });
}
