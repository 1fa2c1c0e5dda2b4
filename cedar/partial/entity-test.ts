import { CedarSet } from "../cedar-set.ts";
import type { EntityStore } from "../entity.ts";
import { equals, isIn, isOfType } from "../operators/index.ts";
import type { ExprJson } from "../policy-json.ts";
import { Uid } from "../uid.ts";
import type { Value } from "../value.ts";
import { isEntity, isSafe, known, type Outcome, open, type Walk, written } from "./outcome.ts";
import { strictOne, strictTwo, type Two } from "./strict.ts";

/** `left == right` */
export function equality(walk: Walk, operands: Two): Outcome {
  return strictTwo(walk, operands, equals, (parts, one, other) => {
    if (cannotBeEqual(one, other)) return known(false);
    return open({ "==": parts }, "boolean", isSafe(one) && isSafe(other));
  });
}

/** Entities of different types are never equal, nor is an entity ever equal to another kind of value. */
function cannotBeEqual(one: Outcome, other: Outcome): boolean {
  if (isOtherKind(one, other) || isOtherKind(other, one)) return true;
  const types = [entityTypeOf(one), entityTypeOf(other)];
  return !types.includes(undefined) && types[0] !== types[1];
}

function isOtherKind(one: Outcome, other: Outcome): boolean {
  return isEntity(one) && other.state === "known" && !(other.value instanceof Uid);
}

/** `left in right` */
export function membership(walk: Walk, entities: EntityStore, operands: Two): Outcome {
  const compute = (one: Value, other: Value) => isIn(entities, one, other);
  return strictTwo(walk, operands, compute, (parts, one, other) => {
    const safe = isEntity(one) && isEntityOrEntities(other);
    return safe && isEmptySet(other) ? known(false) : open({ in: parts }, "boolean", safe);
  });
}

function isEntityOrEntities(outcome: Outcome): boolean {
  if (isEntity(outcome)) return true;
  return (
    outcome.state === "known" && outcome.value instanceof CedarSet && outcome.value.onlyUids() !== undefined
  );
}

function isEmptySet(outcome: Outcome): boolean {
  return outcome.state === "known" && outcome.value instanceof CedarSet && outcome.value.size === 0;
}

function entityTypeOf(outcome: Outcome): string | undefined {
  if (outcome.state === "known") return outcome.value instanceof Uid ? outcome.value.type : undefined;
  return outcome.state === "open" ? outcome.entityType : undefined;
}

/** `left is entity_type` */
export function typeTest(walk: Walk, left: ExprJson, entityType: string): Outcome {
  return strictOne(
    walk,
    left,
    (value) => isOfType(value, entityType),
    ({ expr, kind, entityType: type }) =>
      type !== undefined
        ? known(type === entityType)
        : open({ is: { left: expr, entity_type: entityType } }, "boolean", kind === "entity"),
  );
}

/** `left is entity_type in right`: the entity is asked where it is only if it is of that type. */
export function typedMembership(
  walk: Walk,
  entities: EntityStore,
  { left, right }: Two,
  type: string,
): Outcome {
  const [one, other] = [walk(left), walk(right)];
  const once: Walk = (expr) => (expr === left ? one : other);
  const typed = typeTest(once, left, type);
  if (typed.state === "failed" || (typed.state === "known" && typed.value === false)) return typed;
  const within = membership(once, entities, { left, right });
  if (typed.state === "known" || within.state === "known") return within;
  const parts = { left: written(one, left), entity_type: type, in: written(other, right) };
  return open({ is: parts }, "boolean", isSafe(within));
}
