import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EvaluationError } from "../error.ts";
import { isLong, type Long, longFrom } from "../long.ts";
import type { PatternElement } from "../policy-json.ts";
import { add, equals, less, lessOrEqual, like, multiply, negate, patternFrom, subtract } from "./index.ts";

const edges = [0n, 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n];
const long: fc.Arbitrary<bigint> = fc
  .oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.bigInt({ min: -1000n, max: 1000n }),
    fc.constantFrom(...edges).chain((edge) => fc.bigInt({ min: -3n, max: 3n }).map((near) => edge + near)),
    fc.constantFrom(...edges).map((edge) => -edge - 1n),
  )
  .filter(isLong);

/** The result, or the kind of the error. */
function attempt(compute: () => Long): Long | string {
  try {
    return compute();
  } catch (error) {
    if (error instanceof EvaluationError) return error.kind;
    throw error;
  }
}

test("arithmetic gives the exact result in the one form it has, or overflows", () => {
  const operations = [
    [add, (a: bigint, b: bigint) => a + b],
    [subtract, (a: bigint, b: bigint) => a - b],
    [multiply, (a: bigint, b: bigint) => a * b],
    [(a: Long) => negate(a), (a: bigint) => -a],
  ] as const;
  fc.assert(
    fc.property(long, long, (a, b) => {
      for (const [ours, exact] of operations) {
        const result = exact(a, b);
        const found = attempt(() => ours(longFrom(a), longFrom(b)));
        assert.ok(found === (isLong(result) ? longFrom(result) : "overflow"), `${a}, ${b}: ${found}`);
      }
    }),
    { numRuns: 1000 },
  );
});

test("order and equality of integers do not depend on the form", () => {
  fc.assert(
    fc.property(long, long, (a, b) => {
      const [one, other] = [longFrom(a), longFrom(b)];
      assert.equal(less(one, other), a < b);
      assert.equal(lessOrEqual(one, other), a <= b);
      assert.equal(equals(one, other), a === b);
    }),
    { numRuns: 1000 },
  );
});

/** The definition: a wildcard stands for any text. */
function matches(text: string, pattern: readonly PatternElement[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return text === "";
  if (first !== "Wildcard")
    return text.startsWith(first.Literal) && matches(text.slice(first.Literal.length), rest);
  return Array.from({ length: text.length + 1 }, (_, position) => text.slice(position)).some((tail) =>
    matches(tail, rest),
  );
}

test("a pattern matches what its definition says, with neighbours, overlaps and emptiness", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", "*", "\u{1F600}", "\0"), maxLength: 7 });
  const literal = fc.string({ unit: fc.constantFrom("a", "b", "*", "\u{1F600}"), maxLength: 2 });
  const element = fc.oneof(
    fc.constant<PatternElement>("Wildcard"),
    literal.map((Literal) => ({ Literal })),
  );
  fc.assert(
    fc.property(letters, fc.array(element, { maxLength: 6 }), (text, pattern) => {
      assert.equal(like(text, patternFrom(pattern)), matches(text, pattern));
    }),
    { numRuns: 2000 },
  );
});

test("a hostile pattern and text take no more than a moment", () => {
  const pattern = patternFrom(
    Array.from({ length: 2000 }, (_, i) => (i % 2 === 0 ? "Wildcard" : { Literal: "ab" })),
  );
  const begun = performance.now();
  assert.equal(like("a".repeat(1_000_000), pattern), false);
  assert.equal(like("ab".repeat(500_000), pattern), true);
  assert.ok(performance.now() - begun < 1000);
});
