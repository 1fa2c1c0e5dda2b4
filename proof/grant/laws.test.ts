import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyConstraint, anyGrant, anyNarrowing, anyValue, callsNear } from "./arbitraries.ts";
import {
  type Constraint,
  constraintCovers,
  constraintPermits,
  covers,
  coversAll,
  type Grant,
  meet,
  meetAll,
  meetConstraints,
  parseConstraint,
  parseGrant,
  permits,
} from "./index.ts";
import { limits } from "./limits.ts";

const runs = { numRuns: 300 };
const manyRuns = { numRuns: 3000 };

const isEquivalent = (a: Constraint, b: Constraint) => constraintCovers(a, b) && constraintCovers(b, a);

test("the laws are tried on constraints and grants that can be read", () => {
  fc.assert(
    fc.property(anyConstraint, (one) => assert.deepEqual(parseConstraint(one), one)),
    runs,
  );
  fc.assert(
    fc.property(anyGrant, (one) => assert.deepEqual(parseGrant(one), one)),
    runs,
  );
});

test("a constraint covers itself", () => {
  fc.assert(
    fc.property(anyConstraint, (one) => constraintCovers(one, one)),
    runs,
  );
});

test("what covers a cover covers what it covers", () => {
  const property = fc.property(anyConstraint, anyConstraint, anyConstraint, (a, b, c) => {
    if (constraintCovers(a, b) && constraintCovers(b, c)) assert.ok(constraintCovers(a, c));
  });
  fc.assert(property, manyRuns);
});

test("constraints that cover one another permit the same", () => {
  const property = fc.property(anyConstraint, anyConstraint, anyValue, (a, b, value) => {
    if (isEquivalent(a, b)) assert.equal(constraintPermits(a, value), constraintPermits(b, value));
  });
  fc.assert(property, manyRuns);
});

test("what a covered constraint permits, the covering one permits", () => {
  const property = fc.property(anyConstraint, anyConstraint, anyValue, (parent, child, value) => {
    if (constraintCovers(parent, child) && constraintPermits(child, value)) {
      assert.ok(constraintPermits(parent, value));
    }
  });
  fc.assert(property, manyRuns);
});

test("the meet of two constraints is covered by both, and permits what both permit and nothing else", () => {
  const property = fc.property(anyConstraint, anyConstraint, anyValue, (a, b, value) => {
    const both = meetConstraints(a, b);
    if (both === undefined) return;
    assert.ok(constraintCovers(a, both));
    assert.ok(constraintCovers(b, both));
    const permitted = constraintPermits(a, value) && constraintPermits(b, value);
    assert.equal(constraintPermits(both, value), permitted);
    assert.ok(isEquivalent(both, meetConstraints(b, a) ?? { op: "any" }));
    assert.deepEqual(parseConstraint(both), both);
  });
  fc.assert(property, manyRuns);
});

test("a covered constraint is the meet of itself with the covering one", () => {
  const property = fc.property(anyConstraint, anyConstraint, (parent, child) => {
    if (!constraintCovers(parent, child)) return;
    const both = meetConstraints(parent, child);
    assert.ok(both !== undefined && isEquivalent(both, child));
  });
  fc.assert(property, manyRuns);
});

test("a grant covers itself", () => {
  fc.assert(
    fc.property(anyGrant, (one) => covers(one, one)),
    runs,
  );
});

test("a grant that covers another also covers what that one covers", () => {
  const property = fc.property(anyNarrowing, anyGrant, ([a, b], other) => {
    const c = meet(b, { ...other, identifier: b.identifier, open_args: true }) ?? b;
    assert.ok(covers(a, b));
    assert.ok(covers(b, c));
    assert.ok(covers(a, c));
  });
  fc.assert(property, runs);
  const unrelated = fc.property(anyGrant, anyGrant, anyGrant, (a, b, c) => {
    if (covers(a, b) && covers(b, c)) assert.ok(covers(a, c));
  });
  fc.assert(unrelated, runs);
});

test("grants that cover one another permit the same calls", () => {
  const property = fc.property(
    anyNarrowing.chain(([a, b]) => fc.tuple(fc.constant(a), fc.constant(b), callsNear(b))),
    ([a, b, call]) => {
      if (covers(a, b) && covers(b, a)) assert.equal(permits(a, call), permits(b, call));
    },
  );
  fc.assert(property, runs);
});

test("what a child grant permits, its parent permits", () => {
  const related = anyNarrowing.chain(([a, b]) => fc.tuple(fc.constant(a), fc.constant(b), callsNear(b)));
  const property = fc.property(related, ([parent, child, call]) => {
    assert.ok(covers(parent, child));
    if (permits(child, call)) assert.ok(permits(parent, call));
  });
  fc.assert(property, { numRuns: 1000 });
  const unrelated = fc.tuple(anyGrant, anyGrant).chain(([a, b]) => {
    return fc.tuple(fc.constant(a), fc.constant({ ...b, identifier: a.identifier }), callsNear(b));
  });
  const law = fc.property(unrelated, ([parent, child, call]) => {
    if (covers(parent, child) && permits(child, call)) assert.ok(permits(parent, call));
  });
  fc.assert(law, { numRuns: 1000 });
});

test("the meet of two grants is covered by both and permits what both permit and nothing else", () => {
  const pairs = fc.tuple(anyGrant, anyGrant).chain(([a, b]) => {
    return fc.tuple(fc.constant(a), fc.constant(b), callsNear(a));
  });
  const property = fc.property(pairs, ([a, b, call]) => {
    const both = meet(a, b);
    if (both === undefined) return;
    assert.ok(covers(a, both));
    assert.ok(covers(b, both));
    assert.equal(permits(both, call), permits(a, call) && permits(b, call));
    assert.deepEqual(parseGrant(both), both);
  });
  fc.assert(property, { numRuns: 1000 });
});

test("the meet of two lists is covered by both, and no member of it by another", () => {
  const lists = fc.array(anyGrant, { maxLength: 4 });
  const property = fc.property(lists, lists, (as, bs) => {
    const both = meetAll(as, bs);
    assert.ok(coversAll(as, both));
    assert.ok(coversAll(bs, both));
    assert.ok(both.every((one, i) => both.every((other, j) => i === j || !covers(one, other))));
    assert.ok(
      as.every((a) =>
        bs.every((b) => {
          const pair = meet(a, b);
          return pair === undefined || coversAll(both, [pair]);
        }),
      ),
    );
  });
  fc.assert(property, { numRuns: 150 });
});

test("the meet of two grants at their limits is a grant that can be read, or none", () => {
  const names = (count: number, from: number) => Array.from({ length: count }, (_, i) => `v${from + i}`);
  const size = (most: number) => fc.constantFrom(1, most / 2, most / 2 + 1, most - 1, most);
  const grant = (args: Record<string, Constraint>): Grant => ({
    type: "agent_tool",
    locations: ["https://one"],
    actions: ["tools/call"],
    identifier: "tool",
    args,
    open_args: true,
  });
  const without = fc
    .tuple(size(limits.values), fc.nat({ max: limits.values }))
    .map(([count, from]) => grant({ x: { op: "not_in", values: names(count, from) } }));
  const many = fc
    .tuple(size(limits.arguments), fc.nat({ max: limits.arguments }))
    .map(([count, from]) =>
      grant(Object.fromEntries(names(count, from).map((name) => [name, { op: "any" }]))),
    );
  const pair = fc.oneof(fc.tuple(without, without), fc.tuple(many, many));
  const property = fc.property(pair, ([a, b]) => {
    const both = meet(a, b);
    if (both === undefined) return;
    assert.deepEqual(parseGrant(both), both);
    assert.ok(covers(a, both) && covers(b, both));
  });
  fc.assert(property, { numRuns: 60 });
  assert.equal(
    meet(
      grant({ x: { op: "not_in", values: names(200, 0) } }),
      grant({ x: { op: "not_in", values: names(200, 200) } }),
    ),
    undefined,
  );
});
