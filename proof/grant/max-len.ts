import { malformed, type NarrowingOperator } from "./operator.ts";

/** A text of at most so many Unicode code points, or a list of at most so many items. */
export type MaxLen = { op: "max_len"; length: number };

export const maxLen: NarrowingOperator<MaxLen> = {
  members: ["length"],
  parse: ({ length }) => {
    if (typeof length !== "number" || !Number.isSafeInteger(length) || length < 0) {
      throw malformed("a length is no whole number");
    }
    return { op: "max_len", length };
  },
  permits: ({ length }, value) => {
    if (typeof value === "string") return Array.from(value).length <= length;
    return Array.isArray(value) && value.length <= length;
  },
  covers: (parent, child) => child.length <= parent.length,
  meet: (a, b) => (a.length <= b.length ? a : b),
  describe: ({ length }) => `at most ${length} long`,
};
