import assert from "node:assert/strict";
import { test } from "node:test";
import type { Plan } from "@countersign/proof/consent";
import fc from "fast-check";
import { lastBegun, mayReport, type StepStanding, stepOf } from "./plan.ts";

const call = (identifier: string, args = {}) => ({
  type: "agent_tool",
  location: "https://ops.example",
  action: "tools/call",
  identifier,
  args,
});
const plan = (tools: (string | Plan["steps"][number])[], more: Partial<Plan> = {}): Plan => ({
  steps: tools.map((step) => (typeof step === "string" ? { tool: step } : step)),
  ordered: true,
  on_drift: "refuse",
  ...more,
});
const at = (...steps: Partial<StepStanding>[]) =>
  new Map(steps.map((step, place) => [place, { calls: 1, state: "started" as const, agent: "a", ...step }]));

test("in a plan whose order matters, a call belongs to the step last begun or to the next", () => {
  const ops = plan(["ops/drain", "ops/restart", "ops/check"]);
  assert.equal(stepOf(ops, at(), call("ops/drain")), 0);
  assert.equal(stepOf(ops, at(), call("ops/restart")), undefined);
  assert.equal(stepOf(ops, at({}), call("ops/drain")), 0);
  assert.equal(stepOf(ops, at({}), call("ops/restart")), 1);
  assert.equal(stepOf(ops, at({}), call("ops/check")), undefined);
  assert.equal(stepOf(ops, at({}, {}), call("ops/drain")), undefined);
});

test("what is done is over, and after what failed comes nothing but the same again", () => {
  const ops = plan(["ops/drain", "ops/restart"]);
  assert.equal(stepOf(ops, at({ state: "done" }), call("ops/drain")), undefined);
  assert.equal(stepOf(ops, at({ state: "done" }), call("ops/restart")), 1);
  assert.equal(stepOf(ops, at({ state: "failed" }), call("ops/restart")), undefined);
  assert.equal(stepOf(ops, at({ state: "failed" }), call("ops/drain")), 0);
  assert.ok(mayReport(ops, at({ state: "failed" }), 0, "started"));
  assert.ok(!mayReport(ops, at({ state: "done" }), 0, "failed"));
  assert.ok(!mayReport(ops, at(), 1, "started"));
  assert.ok(!mayReport(ops, at(), 0, "done"));
});

test("words alone do not go on to the next step, nor end one: a step is behind an agent when it was called", () => {
  const ops = plan(["ops/backup", "ops/delete", "ops/check"]);
  const said = at({ calls: 0 });
  assert.equal(stepOf(ops, said, call("ops/delete")), undefined);
  assert.equal(stepOf(ops, said, call("ops/backup")), 0);
  assert.ok(!mayReport(ops, said, 1, "started"));
  assert.ok(!mayReport(ops, said, 0, "done"));
  assert.ok(mayReport(ops, said, 0, "failed"));
  assert.equal(stepOf(ops, at({}), call("ops/delete")), 1);
});

test("a step holds a call to its arguments and to its number of times", () => {
  const ops = plan([{ tool: "ops/restart", args: { host: { op: "in", values: ["a", "b"] } }, times: 2 }]);
  assert.equal(stepOf(ops, at(), call("ops/restart", { host: "a", force: true })), 0);
  assert.equal(stepOf(ops, at(), call("ops/restart", { host: "c" })), undefined);
  assert.equal(stepOf(ops, at(), call("ops/restart")), undefined);
  assert.equal(stepOf(ops, at({ calls: 2 }), call("ops/restart", { host: "a" })), undefined);
});

test("whatever is called in whatever order, a plan lets no more through than it declares", () => {
  const tools = ["ops/a", "ops/b", "ops/c"];
  const steps = fc.array(
    fc.record({ tool: fc.constantFrom(...tools), times: fc.integer({ min: 1, max: 3 }) }),
    {
      minLength: 1,
      maxLength: 6,
    },
  );
  const calls = fc.array(fc.constantFrom(...tools, "ops/d"), { maxLength: 40 });
  fc.assert(
    fc.property(steps, fc.boolean(), calls, (declared, ordered, made) => {
      const of = plan(declared, { ordered });
      const standing = new Map<number, StepStanding>();
      const begun: number[] = [];
      for (const tool of made) {
        const place = stepOf(of, standing, call(tool));
        if (place === undefined) continue;
        assert.equal(declared[place]?.tool, tool);
        const calls = (standing.get(place)?.calls ?? 0) + 1;
        assert.ok(calls <= (declared[place]?.times ?? 0));
        if (calls === 1) begun.push(place);
        standing.set(place, { calls, state: "started", agent: "a" });
      }
      if (ordered) assert.deepEqual(begun, [...begun.keys()]);
      assert.equal(lastBegun(standing), Math.max(0, ...begun.map((place) => place + 1)));
    }),
  );
});
