import { CedarSet } from "../cedar-set.ts";
import type { EntityStore } from "../entity.ts";
import { typeError } from "../error.ts";
import type { EntityUid } from "../policy-json.ts";
import { sameUid, Uid } from "../uid.ts";
import { typeName, type Value } from "../value.ts";
import { expectEntity } from "./expect.ts";

/** Whether an entity is the other or below it. An entity that is missing is below nothing. */
export function isWithin(entities: EntityStore, uid: EntityUid, other: EntityUid): boolean {
  return sameUid(uid, other) || entities.get(uid)?.ancestors.has(other) === true;
}

/** `one in other`, where the other is an entity or a set of entities. @throws EvaluationError of kind `type` */
export function isIn(entities: EntityStore, one: Value, other: Value): boolean {
  const uid = expectEntity(one);
  if (other instanceof Uid) return isWithin(entities, uid, other);
  const targets = other instanceof CedarSet ? other.onlyUids() : undefined;
  if (targets === undefined) throw typeError("entity or set of entities", typeName(other));
  return isWithinAny(entities, uid, targets);
}

/** Whether an entity is one of the others or below one of them. */
export function isWithinAny(entities: EntityStore, uid: EntityUid, others: readonly EntityUid[]): boolean {
  for (const other of others) if (sameUid(uid, other)) return true;
  const ancestors = entities.get(uid)?.ancestors;
  if (ancestors === undefined || ancestors.size === 0) return false;
  for (const other of others) if (ancestors.has(other)) return true;
  return false;
}

/** `value is entityType`. @throws EvaluationError of kind `type` */
export function isOfType(value: Value, entityType: string): boolean {
  return expectEntity(value).type === entityType;
}
