import type { EntityStore } from "../entity.ts";
import {
  getAttribute,
  getEntityAttribute,
  getMember,
  getTag,
  hasAttribute,
  hasTag,
} from "../operators/index.ts";
import { isRecord } from "../record.ts";
import type { Value } from "../value.ts";
import { dynamic, fold, type Node, question } from "./node.ts";

/** `left.name`. */
export function compileGet(left: Node, name: string): Node {
  const record = left.constant;
  if (isRecord(record)) return fold(() => getMember(record, name));
  if (left.variable === "context") return dynamic(({ context }) => getMember(context, name));
  if (left.variable === "principal") {
    return dynamic((environment) => getEntityAttribute(environment, environment.principal, name));
  }
  if (left.variable === "resource") {
    return dynamic((environment) => getEntityAttribute(environment, environment.resource, name));
  }
  const { evaluate } = left;
  return dynamic((environment) => getAttribute(environment, evaluate(environment), name));
}

/** `left has a`, or `left has a.b.c`: there is an `a`, it has a `b`, and so on. Any length takes no stack. */
export function compileHas(left: Node, names: readonly string[]): Node {
  const { evaluate } = left;
  const [first, second] = names;
  if (first !== undefined && second === undefined) {
    return question((environment) => hasAttribute(environment, evaluate(environment), first));
  }
  return question((environment) => hasPath(environment, evaluate(environment), names));
}

function hasPath(entities: EntityStore, value: Value, names: readonly string[]): boolean {
  let reached = value;
  for (const [position, name] of names.entries()) {
    if (!hasAttribute(entities, reached, name)) return false;
    if (position < names.length - 1) reached = getAttribute(entities, reached, name);
  }
  return true;
}

/** `left.getTag(right)`. */
export function compileGetTag(left: Node, right: Node): Node {
  const [evaluateLeft, evaluateRight] = [left.evaluate, right.evaluate];
  return dynamic((environment) => getTag(environment, evaluateLeft(environment), evaluateRight(environment)));
}

/** `left.hasTag(right)`. */
export function compileHasTag(left: Node, right: Node): Node {
  const [evaluateLeft, evaluateRight] = [left.evaluate, right.evaluate];
  return question((environment) =>
    hasTag(environment, evaluateLeft(environment), evaluateRight(environment)),
  );
}
