import type { Json } from "../jcs/index.ts";
import { isAmong, sameValue } from "./exact-value.ts";
import { limits } from "./limits.ts";
import { type NarrowingOperator, type Operator, parseValue, parseValues } from "./operator.ts";

/** Exactly this value. */
export type Eq = { op: "eq"; value: Json };

/** One of these values. */
export type In = { op: "in"; values: Json[] };

/** Any exact value but these. */
export type NotIn = { op: "not_in"; values: Json[] };

/** A list, each item of which is one of these values; the empty list too. */
export type Subset = { op: "subset"; values: Json[] };

export const eq: Operator<Eq> = {
  members: ["value"],
  parse: ({ value }) => ({ op: "eq", value: parseValue(value) }),
  permits: (constraint, value) => sameValue(constraint.value, value),
  describe: ({ value }, show) => `= ${show(value)}`,
};

export const oneOf: Operator<In> = {
  members: ["values"],
  parse: ({ values }) => ({ op: "in", values: parseValues(values) }),
  permits: ({ values }, value) => isAmong(values, value),
  describe: ({ values }, show) => `in ${list(values, show)}`,
};

export const notIn: NarrowingOperator<NotIn> = {
  members: ["values"],
  parse: ({ values }) => ({ op: "not_in", values: parseValues(values) }),
  permits: ({ values }, value) => !isAmong(values, value),
  covers: (parent, child) => parent.values.every((value) => isAmong(child.values, value)),
  meet: (a, b) => {
    const values = [...a.values, ...without(b.values, a.values)];
    return values.length > limits.values ? undefined : { op: "not_in", values };
  },
  describe: ({ values }, show) => `not in ${list(values, show)}`,
};

export const subset: NarrowingOperator<Subset> = {
  members: ["values"],
  parse: ({ values }) => ({ op: "subset", values: parseValues(values) }),
  permits: ({ values }, value) => Array.isArray(value) && value.every((item) => isAmong(values, item)),
  covers: (parent, child) => child.values.every((value) => isAmong(parent.values, value)),
  meet: (a, b) => {
    const shared = a.values.filter((value) => isAmong(b.values, value));
    return shared.length === 0 ? undefined : { op: "subset", values: shared };
  },
  describe: ({ values }, show) => `each in ${list(values, show)}`,
};

function without(values: Json[], others: Json[]): Json[] {
  return values.filter((value) => !isAmong(others, value));
}

function list(values: Json[], show: (value: Json) => string): string {
  return `[${values.map(show).join(", ")}]`;
}
