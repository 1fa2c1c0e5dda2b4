import { canonicalize, type Json } from "../jcs/index.ts";
import { limits } from "./limits.ts";

const places = 4;
const digits = 15;
const decimal = new RegExp(`^(-?)([0-9]+)\\.([0-9]{1,${places}})$`);

/**
 * A number times 10,000, exactly. Undefined for a number that a constraint cannot judge: beyond the safe
 * integers, more than four decimal places, more than fifteen digits. Within those bounds the shortest text
 * of the double is the number that was written.
 */
export function scaled(value: number): bigint | undefined {
  if (Number.isSafeInteger(value)) return BigInt(value) * 10n ** BigInt(places);
  const [, sign, whole, fraction] = decimal.exec(String(value)) ?? [];
  if (whole === undefined || fraction === undefined) return undefined;
  if (whole.length + fraction.length > digits) return undefined;
  const magnitude = BigInt(whole + fraction.padEnd(places, "0"));
  return sign === "-" ? -magnitude : magnitude;
}

/**
 * Whether the value means the same to every reader, so that a constraint may judge it: all numbers exact,
 * all text well formed, no deeper than 16.
 */
export function isExact(value: Json, depth = 0): boolean {
  if (value === null || typeof value === "boolean") return true;
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value === "number") return scaled(value) !== undefined;
  if (depth === limits.depth) return false;
  if (Array.isArray(value)) return Array.from(value).every((item) => isExact(item, depth + 1));
  return isPlain(value) && Object.entries(value).every(([k, v]) => k.isWellFormed() && isExact(v, depth + 1));
}

/** Whether two exact values are the same JSON value. */
export function sameValue(a: Json, b: Json): boolean {
  if (typeof a !== "object" || typeof b !== "object") return a === b;
  return canonicalize(a) === canonicalize(b);
}

/** Whether an exact value is one of these. */
export function isAmong(values: readonly Json[], value: Json): boolean {
  return values.some((one) => sameValue(one, value));
}

/** The type of the caller's value is only a promise: what is no JSON object is not plain. */
function isPlain(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
