import { CedarSet } from "../cedar-set.ts";
import { typeError } from "../error.ts";
import { Datetime } from "../extension/datetime.ts";
import { Duration } from "../extension/duration.ts";
import { type CedarRecord, isRecord } from "../record.ts";
import { sameUid, Uid } from "../uid.ts";
import { isExtension, typeName, type Value } from "../value.ts";

/** `one == other`. Values of different types are different; nothing is an error. */
export function equals(one: Value, other: Value): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object") return false;
  if (one instanceof Uid) return other instanceof Uid && sameUid(one, other);
  if (one instanceof CedarSet) return other instanceof CedarSet && one.equals(other);
  if (isRecord(one)) return isRecord(other) && sameMembers(one, other);
  return isExtension(one) && one.equals(other);
}

function sameMembers(one: CedarRecord, other: CedarRecord): boolean {
  let surplus = 0;
  for (const name in one) {
    const theirs = other[name];
    const ours = one[name];
    if (theirs === undefined || ours === undefined || !equals(ours, theirs)) return false;
    surplus -= 1;
  }
  for (const _ in other) surplus += 1;
  return surplus === 0;
}

/** `one < other` for two Longs, two datetimes or two durations. @throws EvaluationError of kind `type` */
export function less(one: Value, other: Value): boolean {
  if (typeof one === "number" && typeof other === "number") return one < other;
  return lessOf(one, other, false);
}

/** `one <= other` for two Longs, two datetimes or two durations. @throws EvaluationError of kind `type` */
export function lessOrEqual(one: Value, other: Value): boolean {
  if (typeof one === "number" && typeof other === "number") return one <= other;
  return lessOf(one, other, true);
}

function lessOf(one: Value, other: Value, orEqual: boolean): boolean {
  if (isLongValue(one) && isLongValue(other)) return orEqual ? one <= other : one < other;
  if (one instanceof Datetime && other instanceof Datetime) {
    return orEqual ? one.lessThanOrEqual(other) : one.lessThan(other);
  }
  if (one instanceof Duration && other instanceof Duration) {
    return orEqual ? one.lessThanOrEqual(other) : one.lessThan(other);
  }
  throw typeError("two longs, two datetimes or two durations", `${typeName(one)} and ${typeName(other)}`);
}

function isLongValue(value: Value): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}
