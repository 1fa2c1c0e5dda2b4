import type { Value } from "../value.ts";
import { expectSet } from "./expect.ts";

/** `set.contains(element)`. @throws EvaluationError of kind `type` */
export function contains(set: Value, element: Value): boolean {
  return expectSet(set).has(element);
}

/** `set.containsAll(other)`. @throws EvaluationError of kind `type` */
export function containsAll(set: Value, other: Value): boolean {
  return expectSet(set).hasAll(expectSet(other));
}

/** `set.containsAny(other)`. @throws EvaluationError of kind `type` */
export function containsAny(set: Value, other: Value): boolean {
  return expectSet(set).hasAny(expectSet(other));
}

/** `set.isEmpty()`. @throws EvaluationError of kind `type` */
export function isEmpty(set: Value): boolean {
  return expectSet(set).size === 0;
}
