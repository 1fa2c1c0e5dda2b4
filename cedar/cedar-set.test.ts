import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CedarSet } from "./cedar-set.ts";
import { parseDecimal } from "./extension/decimal.ts";
import { parseDuration } from "./extension/duration.ts";
import { parseIpAddr } from "./extension/ipaddr.ts";
import { identity } from "./identity.ts";
import { equals } from "./operators/index.ts";
import { emptyRecord } from "./record.ts";
import { Uid } from "./uid.ts";
import type { Value } from "./value.ts";

const leaf: fc.Arbitrary<Value> = fc.oneof(
  fc.boolean(),
  fc.integer({ min: -2, max: 12 }),
  fc.constantFrom<Value>(2n ** 60n, 2n ** 60n + 1n, "", "a", "1", "i1:1", "true"),
  fc.constantFrom("a", "b").chain((id) => fc.constantFrom("T", "U").map((type) => new Uid(type, id))),
  fc.constantFrom("1.0", "1.00", "2.5").map(parseDecimal),
  fc.constantFrom("1.1.1.1", "1.1.1.1/32", "1.1.1.0/24", "::1").map(parseIpAddr),
  fc.constantFrom("1h", "60m", "1ms").map(parseDuration),
);

const value: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie("value"), { maxLength: 12 }).map((elements) => CedarSet.of(elements)),
    fc
      .array(fc.tuple(fc.constantFrom("a", "b", "__proto__"), tie("value")), { maxLength: 3 })
      .map((members) => {
        const record = emptyRecord();
        for (const [name, member] of members) record[name] = member;
        return record;
      }),
  ),
})).value;

/** The definition, element by element. */
const isElement = (set: readonly Value[], element: Value) => set.some((other) => equals(other, element));
const isSubset = (one: readonly Value[], other: readonly Value[]) =>
  one.every((element) => isElement(other, element));

test("membership, inclusion, overlap, size and equality are those of the definition", () => {
  const elements = fc.array(value, { maxLength: 14 });
  fc.assert(
    fc.property(elements, elements, value, (one, other, element) => {
      const [left, right] = [CedarSet.of(one), CedarSet.of(other)];
      assert.equal(left.has(element), isElement(one, element));
      assert.ok(one.every((each) => left.has(each)));
      assert.equal(left.hasAll(right), isSubset(other, one));
      assert.equal(
        left.hasAny(right),
        one.some((each) => isElement(other, each)),
      );
      assert.equal(left.equals(right), isSubset(one, other) && isSubset(other, one));
      assert.equal(
        left.size,
        one.filter((each, position) => !isElement(one.slice(0, position), each)).length,
      );
      assert.ok(equals(CedarSet.of([...one, ...one.toReversed()]), left));
      assert.equal([...left].length, left.size);
    }),
    { numRuns: 300 },
  );
});

test("two values share their identity exactly when they are equal", () => {
  fc.assert(
    fc.property(value, value, (one, other) => {
      assert.equal(identity(one) === identity(other), equals(one, other));
      assert.ok(equals(one, one));
    }),
    { numRuns: 500 },
  );
});

test("equal sets in another order are equal inside of sets and records too", () => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 10 }), (elements) => {
      const [one, other] = [CedarSet.of(elements), CedarSet.of(elements.toReversed())];
      assert.ok(equals(CedarSet.of([one]), CedarSet.of([other, one])));
      assert.ok(CedarSet.of([one]).has(other));
    }),
  );
});

test("the references in a set are only given when it has nothing else", () => {
  assert.equal(CedarSet.of([new Uid("T", "a"), 1]).onlyUids(), undefined);
  assert.equal(CedarSet.of([new Uid("T", "a"), CedarSet.of([])]).onlyUids(), undefined);
  assert.equal(CedarSet.of([new Uid("T", "a"), new Uid("T", "a")]).onlyUids()?.length, 1);
});

test("sets of tens of thousands of anything are made without comparing each with each", () => {
  const begun = performance.now();
  const many = Array.from({ length: 30_000 }, (_, i) => i);
  const sets = [
    CedarSet.of(many),
    CedarSet.of(many.map((i) => new Uid("T", `${i}`))),
    CedarSet.of(many.map((i) => CedarSet.of([i]))),
  ];
  assert.ok(sets.every((set) => set.size === 30_000 && set.hasAll(set) && set.hasAny(set)));
  assert.ok(performance.now() - begun < 2000);
});
