import type { Json } from "../jcs/index.ts";
import { scaled } from "./exact-value.ts";
import { malformed, type NarrowingOperator } from "./operator.ts";

/** A number from `min` to `max`, both included; one of them may be missing. */
export type Range = { op: "range"; min?: number; max?: number };

export const range: NarrowingOperator<Range> = {
  members: ["min", "max"],
  parse: ({ min, max }) => {
    const bounds = { ...boundOf("min", min), ...boundOf("max", max) };
    const [least, most] = ends(bounds);
    if (least === undefined && most === undefined) throw malformed("a range has no bound");
    if (isBelow(most, least)) throw malformed("a range's bounds cross");
    return { op: "range", ...bounds };
  },
  permits: (constraint, value) => {
    const number = typeof value === "number" ? scaled(value) : undefined;
    const [least, most] = ends(constraint);
    return number !== undefined && !isBelow(number, least) && !isBelow(most, number);
  },
  covers: (parent, child) => {
    const [parentLeast, parentMost] = ends(parent);
    const [childLeast, childMost] = ends(child);
    const holdsLeast = parentLeast === undefined || (childLeast !== undefined && childLeast >= parentLeast);
    const holdsMost = parentMost === undefined || (childMost !== undefined && childMost <= parentMost);
    return holdsLeast && holdsMost;
  },
  meet: (a, b) => {
    const min = tighter(a.min, b.min, Math.max);
    const max = tighter(a.max, b.max, Math.min);
    const bounds = { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
    const [least, most] = ends(bounds);
    return isBelow(most, least) ? undefined : { op: "range", ...bounds };
  },
  describe: ({ min, max }) => {
    if (min === undefined) return `\u2264 ${max}`;
    return max === undefined ? `\u2265 ${min}` : `from ${min} to ${max}`;
  },
};

type Bounds = Omit<Range, "op">;

function boundOf(name: "min" | "max", attackerBound: Json | undefined): Bounds {
  if (attackerBound === undefined) return {};
  if (typeof attackerBound !== "number" || scaled(attackerBound) === undefined) {
    throw malformed("a range's bound is no exact number");
  }
  return { [name]: attackerBound };
}

/** Both ends, scaled; undefined where there is none. */
function ends({ min, max }: Bounds): [bigint | undefined, bigint | undefined] {
  return [min === undefined ? undefined : scaled(min), max === undefined ? undefined : scaled(max)];
}

function isBelow(a: bigint | undefined, b: bigint | undefined): boolean {
  return a !== undefined && b !== undefined && a < b;
}

/** The bounds are exact, so comparing the doubles themselves is exact as well. */
function tighter(
  a: number | undefined,
  b: number | undefined,
  choose: (a: number, b: number) => number,
): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : choose(a, b);
}
