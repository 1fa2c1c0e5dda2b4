import assert from "node:assert/strict";
import { test } from "node:test";
import { type Grant, uncovered } from "@countersign/proof/grant";
import fc from "fast-check";
import { within } from "./within.ts";

const values = fc.subarray(["Q1", "Q2", "Q3"], { minLength: 1 });
const constraint = fc.oneof(
  values.map((chosen) => ({ op: "in" as const, values: chosen })),
  fc.constantFrom("Q1", "Q2").map((value) => ({ op: "eq" as const, value })),
  fc.constant({ op: "any" as const }),
);
const grant: fc.Arbitrary<Grant> = fc.record(
  {
    type: fc.constant("agent_tool" as const),
    locations: fc.constant(["https://reports.example"]),
    actions: fc.constant(["tools/call"]),
    identifier: fc.constantFrom("reports/read", "reports/write"),
    args: fc.record({ quarter: constraint }),
    max_uses: fc.integer({ min: 1, max: 3 }),
    approval: fc.constant("required" as const),
    acr: fc.constantFrom("a", "b"),
    open_args: fc.constant(true as const),
  },
  { requiredKeys: ["type", "locations", "actions", "identifier", "args"] },
);
const grants = fc.array(grant, { maxLength: 4 });
const limits = fc.array(grants, { minLength: 1, maxLength: 4 });

test("nothing passes that any limit, or what was asked, does not give by itself", () => {
  fc.assert(
    fc.property(limits, fc.option(grants, { nil: undefined }), (all, asked) => {
      const passed = within(all, asked);
      for (const limit of [...all, ...(asked === undefined ? [] : [asked])])
        assert.deepEqual(uncovered(limit, passed), []);
    }),
  );
});

test("what fits in every limit passes as it was asked", () => {
  fc.assert(
    fc.property(limits, grant, (all, asked) => {
      const wider = all.map((limit) => [...limit, asked]);
      assert.deepEqual(within(wider, [asked]), [asked]);
    }),
  );
});

test("a scope lets pass the identifiers that it names, and no others", () => {
  fc.assert(
    fc.property(limits, fc.subarray(["reports/read", "reports/write", "openid"]), (all, scope) => {
      const passed = within(all, undefined, scope);
      assert.ok(passed.every(({ identifier }) => scope.includes(identifier)));
      const unscoped = within(all).filter(({ identifier }) => scope.includes(identifier));
      assert.deepEqual(passed, unscoped);
    }),
  );
});
