import type { CedarSchema, CedarType } from "../catalog/index.ts";
import type { Scaled } from "./circumstances.ts";
import type { CedarValue } from "./engine.ts";

type CommonTypes = CedarSchema[""]["commonTypes"];

/** Cedar's decimal has four places; a JSON number is exact to fifteen digits. */
const PLACES = 4;
const DECIMAL = /^(-?)(\d+)(?:\.(\d{1,4}))?$/;
const MOST_DIGITS = 15;

/**
 * A JSON value as the Cedar value of this type.
 * @param value possibly the agent's: an argument is whatever it says
 * @returns nothing where the value is of another type or cannot be carried exactly: null, more than four
 *   decimal places, more than fifteen digits, a list whose items differ in type, members that the type has not
 */
export function carry(value: unknown, type: CedarType, commonTypes: CommonTypes): CedarValue | undefined {
  switch (type.type) {
    case "String":
      return typeof value === "string" && value.isWellFormed() ? value : undefined;
    case "Boolean":
      return typeof value === "boolean" ? value : undefined;
    case "Long":
      return Number.isSafeInteger(value) ? (value as number) : undefined;
    case "Extension":
      return carryDecimal(value);
    case "Set":
      return Array.isArray(value) ? carryAll(value, type.element, commonTypes) : undefined;
    case "Record":
      return carryRecord(value, type, commonTypes);
    case "EntityOrCommon":
      return carryNamed(value, type.name, commonTypes);
  }
}

function carryDecimal(value: unknown): CedarValue | undefined {
  if (typeof value !== "number") return undefined;
  const text = String(value);
  const [, , whole, places] = DECIMAL.exec(text) ?? [];
  if (whole === undefined || whole.length + (places?.length ?? 0) > MOST_DIGITS) return undefined;
  return { __extn: { fn: "decimal", arg: places === undefined ? `${text}.0` : text } };
}

/**
 * A JSON number as a whole number of ten-thousandths.
 * @returns nothing for what is no number, or has more places or digits than are exact
 */
export function scaled(value: unknown): Scaled | undefined {
  if (typeof value !== "number") return undefined;
  const [, sign, whole, places = ""] = DECIMAL.exec(String(value)) ?? [];
  if (whole === undefined || whole.length + places.length > MOST_DIGITS) return undefined;
  const magnitude = BigInt(whole + places.padEnd(PLACES, "0"));
  return sign === "-" ? -magnitude : magnitude;
}

const ZERO: CedarValue = { __extn: { fn: "decimal", arg: "0.0" } };

/** The largest and the smallest of Cedar's decimals. */
export const LARGEST = 2n ** 63n - 1n;
const LEAST = -(2n ** 63n);

/** A Cedar decimal; what is beyond the largest is the largest. */
export function decimalOf(exact: Scaled): CedarValue {
  if (exact === 0n) return ZERO;
  const bounded = exact > LARGEST ? LARGEST : exact < LEAST ? LEAST : exact;
  const digits = (bounded < 0n ? -bounded : bounded).toString().padStart(PLACES + 1, "0");
  const [whole, places] = [digits.slice(0, -PLACES), digits.slice(-PLACES).replace(/0{1,3}$/, "")];
  return { __extn: { fn: "decimal", arg: `${bounded < 0n ? "-" : ""}${whole}.${places}` } };
}

function carryAll(
  values: readonly unknown[],
  element: CedarType,
  commonTypes: CommonTypes,
): CedarValue | undefined {
  const carried = values.map((value) => carry(value, element, commonTypes));
  return carried.every((value) => value !== undefined) ? carried : undefined;
}

function carryRecord(
  value: unknown,
  { attributes }: Extract<CedarType, { type: "Record" }>,
  commonTypes: CommonTypes,
): CedarValue | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const carried: Record<string, CedarValue> = {};
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const type = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    const inner = type === undefined ? undefined : carry(member, type, commonTypes);
    if (inner === undefined) return undefined;
    carried[name] = inner;
  }
  return carried;
}

/** A common type, or else an entity: only our own records name those, by id. */
function carryNamed(value: unknown, name: string, commonTypes: CommonTypes): CedarValue | undefined {
  const common = commonTypes[name];
  if (common !== undefined) return carry(value, common, commonTypes);
  return typeof value === "string" ? { __entity: { type: name, id: value } } : undefined;
}

/**
 * The arguments of a call as far as the tool's declared types can carry them, and the names of the others.
 * @param agentArgs the agent's own words
 */
export function carryArguments(
  agentArgs: Readonly<Record<string, unknown>>,
  type: CedarType,
  commonTypes: CommonTypes,
): { args: Record<string, CedarValue>; leftOut: string[] } {
  const attributes = type.type === "Record" ? type.attributes : {};
  const args: Record<string, CedarValue> = {};
  const leftOut: string[] = [];
  for (const [name, value] of Object.entries(agentArgs)) {
    const declared = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    const carried = declared === undefined ? undefined : carry(value, declared, commonTypes);
    if (carried === undefined) leftOut.push(name);
    else args[name] = carried;
  }
  return { args, leftOut };
}
