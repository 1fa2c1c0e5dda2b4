import type { CedarSet } from "./cedar-set.ts";
import { Datetime } from "./extension/datetime.ts";
import { Decimal } from "./extension/decimal.ts";
import { Duration } from "./extension/duration.ts";
import { IpAddr } from "./extension/ipaddr.ts";
import type { Long } from "./long.ts";
import { type CedarRecord, isRecord } from "./record.ts";
import { Uid } from "./uid.ts";

/** Any value a Cedar expression can have. Values are immutable by convention: nobody writes to one. */
export type Value = Plain | Uid | CedarSet | CedarRecord | Extension;

/** Values that JavaScript's `===` compares as Cedar does. */
export type Plain = boolean | string | Long;

/** Values of the four extension types. */
export type Extension = Decimal | IpAddr | Datetime | Duration;

/** Whether a value belongs to one of the extension types. */
export function isExtension(value: unknown): value is Extension {
  return (
    value instanceof Decimal ||
    value instanceof IpAddr ||
    value instanceof Datetime ||
    value instanceof Duration
  );
}

/** The name of a value's type, for messages: `long`, `set`, `User`. Never the value itself. */
export function typeName(value: Value): string {
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "string";
  if (typeof value !== "object") return "long";
  if (value instanceof Uid) return `entity of type ${value.type}`;
  if (isExtension(value)) return value.typeName;
  return isRecord(value) ? "record" : "set";
}
