import assert from "node:assert/strict";
import { test } from "node:test";
import { type Call, type Constraint, covers, type Grant, permits } from "@countersign/proof/grant";
import fc from "fast-check";
import { exactGrant } from "./exact-grant.ts";
import { openArguments, pinnedArguments } from "./pinned.ts";

const NAMES = ["amount", "to", "__proto__"];
const value = fc.integer({ min: 0, max: 3 });

const constraint: fc.Arbitrary<Constraint> = fc
  .tuple(
    fc.oneof<fc.Arbitrary<Constraint>[]>(
      fc.constant({ op: "any" } as const),
      value.map((each) => ({ op: "eq", value: each }) as const),
      fc.uniqueArray(value, { minLength: 1 }).map((values) => ({ op: "in", values }) as const),
      fc
        .tuple(value, value)
        .map(([a, b]) => ({ op: "range", min: Math.min(a, b), max: Math.max(a, b) }) as const),
    ),
    fc.boolean(),
  )
  .map(([bare, optional]) => (optional ? { ...bare, optional: true } : bare));

const args = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc
    .uniqueArray(fc.tuple(fc.constantFrom(...NAMES), of), { selector: ([name]) => name })
    .map(Object.fromEntries);

const base = {
  type: "agent_tool",
  locations: ["https://a.example"],
  actions: ["tools/call"],
  identifier: "a/b",
} as const;

const grant: fc.Arbitrary<Grant> = fc
  .tuple(args(constraint), fc.boolean(), fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }))
  .map(([named, open, most]) => ({
    ...(structuredClone(base) as unknown as Grant),
    args: named,
    ...(open ? { open_args: true as const } : {}),
    ...(most === undefined ? {} : { max_uses: most }),
  }));

const made: fc.Arbitrary<Call> = args(value).map((given) => ({
  type: base.type,
  location: base.locations[0],
  action: base.actions[0],
  identifier: base.identifier,
  args: given,
}));

test("whatever covers a grant covers each call that the grant permits", () => {
  fc.assert(
    fc.property(grant, grant, made, (wider, given, call) => {
      fc.pre(permits(given, call) && covers(wider, given));
      assert.ok(covers(wider, exactGrant(given, call)));
    }),
    { numRuns: 100, maxSkipsPerRun: 1_000 },
  );
});

test("what does not permit a call does not cover it", () => {
  fc.assert(
    fc.property(grant, grant, made, (other, given, call) => {
      fc.pre(permits(given, call) && !permits(other, call));
      assert.ok(!covers(other, exactGrant(given, call)));
    }),
    { numRuns: 100, maxSkipsPerRun: 1_000 },
  );
});

test("it pins every argument of the call, and no argument that the call does without", () => {
  fc.assert(
    fc.property(grant, made, (given, call) => {
      fc.pre(permits(given, call));
      const exact = exactGrant(given, call);
      for (const [name, argument] of Object.entries(call.args ?? {}))
        assert.equal(Object.getOwnPropertyDescriptor(pinnedArguments(exact), name)?.value, argument);
      assert.notEqual(openArguments(exact), "any");
    }),
    { numRuns: 100, maxSkipsPerRun: 1_000 },
  );
});
