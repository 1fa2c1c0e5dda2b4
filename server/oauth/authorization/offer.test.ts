import assert from "node:assert/strict";
import { test } from "node:test";
import { coversAll, type Grant, permits } from "@countersign/proof/grant";
import fc from "fast-check";
import { call, REPORTS } from "../../delegation/fixture.ts";
import { givable } from "./offer.ts";

const values = fc.uniqueArray(fc.constantFrom("Q1", "Q2", "Q3", "Q4"), { minLength: 1, maxLength: 4 });
const grant: fc.Arbitrary<Grant> = fc
  .record({ name: fc.constantFrom("read", "write"), values, open: fc.boolean() })
  .map(({ name, values, open }) =>
    call(`reports/${name}`, open ? { open_args: true } : { args: { quarter: { op: "in", values } } }),
  );
const grants = fc.array(grant, { maxLength: 4 });

test("what can be given is covered by what is hers, by what the agent may have, and by what is asked", () => {
  fc.assert(
    fc.property(grants, grants, fc.option(grants, { nil: undefined }), (yours, agents, asked) => {
      const given = givable(yours, agents, asked);
      assert.ok(coversAll(yours, given));
      assert.ok(coversAll(agents, given));
      if (asked !== undefined) assert.ok(coversAll(asked, given));
    }),
  );
});

test("a call that all three permit can be given", () => {
  fc.assert(
    fc.property(grants, grants, grants, fc.constantFrom("Q1", "Q4"), (yours, agents, asked, quarter) => {
      const wanted = {
        type: "agent_tool",
        location: REPORTS,
        action: "tools/call",
        identifier: "reports/read",
        args: { quarter },
      };
      const by = (side: readonly Grant[]): boolean => side.some((one) => permits(one, wanted));
      if (by(yours) && by(agents) && by(asked)) assert.ok(by(givable(yours, agents, asked)));
    }),
  );
});
