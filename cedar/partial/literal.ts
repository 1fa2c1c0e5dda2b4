import { CedarSet } from "../cedar-set.ts";
import { Datetime } from "../extension/datetime.ts";
import { Decimal } from "../extension/decimal.ts";
import { Duration } from "../extension/duration.ts";
import type { ExprJson } from "../policy-json.ts";
import { Uid } from "../uid.ts";
import { type Extension, isExtension, type Value } from "../value.ts";

/** Any value as an expression of Cedar's JSON form. Integers beyond 2^53 are bigints. */
export function expressionOf(value: Value): ExprJson {
  if (typeof value !== "object") return { Value: value };
  if (value instanceof Uid) return { Value: { __entity: { type: value.type, id: value.id } } };
  if (isExtension(value)) return extensionCall(value);
  if (value instanceof CedarSet) return { Set: [...value].map(expressionOf) };
  return {
    Record: Object.fromEntries(Object.entries(value).map(([name, part]) => [name, expressionOf(part)])),
  };
}

function extensionCall(value: Extension): ExprJson {
  if (value instanceof Decimal) return { decimal: [{ Value: value.toString() }] };
  if (value instanceof Duration) return { duration: [{ Value: value.toString() }] };
  if (!(value instanceof Datetime)) return { ip: [{ Value: value.toString() }] };
  const epoch: ExprJson = { datetime: [{ Value: "1970-01-01" }] };
  return { offset: [epoch, { duration: [{ Value: `${value.epoch}ms` }] }] };
}
