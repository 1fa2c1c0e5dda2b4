import type { Operator } from "./operator.ts";

/** Any value at all; says only that the argument may be there. */
export type Any = { op: "any" };

export const any: Operator<Any> = {
  members: [],
  parse: () => ({ op: "any" }),
  permits: () => true,
  describe: () => "anything",
};
