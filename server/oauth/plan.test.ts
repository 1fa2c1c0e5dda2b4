import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { parseConsent, planHash } from "@countersign/proof/consent";
import type { Json, JsonObject } from "@countersign/proof/jcs";
import { buildTrace, renderTrace, type TraceEvent } from "@countersign/proof/trace";
import { findEvents, reveal } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { begunTask, call, codeOf, fault, passOn, quarters, request, sign } from "../delegation/fixture.ts";
import {
  consentFor,
  defineRunbook,
  endDelegation,
  findConsent,
  findTask,
  openTask,
  reportStep,
  tasksGet,
} from "../delegation/index.ts";
import { claimsIn, exchange, openMarket } from "./fixture.ts";
import { callTool } from "./use-token.ts";

const write = call("reports/write", quarters("Q1", "Q2"));
const read = call("reports/read", { open_args: true });
const grants = [write, read];
const steps = [
  { tool: "reports/read" },
  { tool: "reports/write", args: { quarter: { op: "eq" as const, value: "Q1" } }, times: 1 },
];
const plan = { steps, ordered: true, on_drift: "refuse" as const };

forEachEngine((engine) => {
  let room: Awaited<ReturnType<typeof openMarket>>;
  before(async () => {
    room = await openMarket(engine);
  });
  after(() => room.close());

  const events = async (task: string, type?: string) => {
    const filter = { task, limit: 200, ...(type === undefined ? {} : { type }) };
    const found = await findEvents(room.deps.database, filter);
    return found.map(({ body }) => JSON.parse(body) as TraceEvent & { body: JsonObject });
  };
  const planned = async (more: object = {}, task: object = { plan }) => {
    const begun = await begunTask(room.deps, room, { grants, ...task, ...more });
    const claims = claimsIn(await exchange(room.deps, room.planner, begun.edge.id, grants));
    const use = (tool: string, args: Record<string, Json> = {}) => {
      room.deps.clock.advance(1); // so that the log's order is that of the calls
      return callTool(room.deps, room.reports.caller, { jti: claims.jti, tool: `reports/${tool}`, args });
    };
    return { ...begun, claims, use };
  };
  const shown = async (task: string) => {
    const { deps, pat } = room;
    const answer = await tasksGet.handle(deps, pat.caller, { params: { id: task } } as never);
    return (answer as { body: { progress?: { says: string; steps: { state?: string; calls: number }[] } } })
      .body.progress;
  };

  describe("a task with a plan", () => {
    test("has its calls made in its steps, each named in the log and in the trace", async () => {
      const { task, claims, use } = await planned();
      assert.equal(claims.per_call, true);
      await use("read");
      await use("read");
      await use("write", { quarter: "Q1" });
      const called = await events(task.id, "tool.called");
      assert.deepEqual(
        called.map(({ body }) => body.plan_step),
        [
          { step: 1, of: 2 },
          { step: 1, of: 2 },
          { step: 2, of: 2 },
        ],
      );
      const progress = await shown(task.id);
      assert.equal(progress?.says, "step 2 of 2");
      assert.deepEqual(
        progress?.steps.map(({ calls }) => calls),
        [2, 1],
      );
      const lines = renderTrace(buildTrace(await events(task.id), task.id)).join("\n");
      assert.match(lines, /reports\/write.*step 2 of 2/);
    });

    test("refuses a call outside it as drift, which is an event of its own and counts nothing", async () => {
      const { task, use } = await planned();
      const early = await fault(use("write", { quarter: "Q1" }));
      assert.equal(early.code, "denied");
      assert.deepEqual(early.members.reasons, [
        { policy: "plan-drift", reason: "The plan of the task has no step for this call now." },
      ]);
      await use("read");
      assert.equal(await codeOf(use("write", { quarter: "Q2" })), "denied");
      await use("write", { quarter: "Q1" });
      assert.equal(await codeOf(use("write", { quarter: "Q1" })), "denied");
      assert.equal(await codeOf(use("read")), "denied");
      const drifts = await events(task.id, "plan.drifted");
      assert.deepEqual(
        drifts.map(({ body }) => [body.tool, body.step, body.ended]),
        [
          ["reports/write", 0, false],
          ["reports/write", 1, false],
          ["reports/write", 2, false],
          ["reports/read", 2, false],
        ],
      );
      assert.equal((await events(task.id, "request.refused")).length, 0);
      assert.equal((await findTask(room.deps.database, task.id))?.state, "active");
      assert.equal((await shown(task.id))?.steps[1]?.calls, 1);
      const lines = renderTrace(buildTrace(await events(task.id), task.id)).join("\n");
      assert.match(lines, /DENY · plan-drift/);
    });

    test("ends with the first drift where it says so: its tokens are dead in the same change", async () => {
      const { task, use } = await planned({ plan: { ...plan, on_drift: "end" } });
      await use("read");
      const refusal = await fault(use("write", { quarter: "Q2" }));
      assert.equal(refusal.code, "denied");
      assert.equal(await codeOf(use("read")), "gone");
      assert.equal((await findTask(room.deps.database, task.id))?.state, "closed");
      const [drift] = await events(task.id, "plan.drifted");
      assert.equal(drift?.body.ended, true);
      assert.equal(buildTrace(await events(task.id), task.id).state, "closed");
    });

    test("admits a step exactly as often as it says, however many ask at once", async () => {
      const once = {
        steps: [{ tool: "reports/read", times: 3 }],
        ordered: false,
        on_drift: "refuse" as const,
      };
      const { use } = await planned({ plan: once });
      const settled = await Promise.allSettled(Array.from({ length: 8 }, () => use("read")));
      assert.equal(settled.filter(({ status }) => status === "fulfilled").length, 3);
    });

    test("counts for the whole tree: a sub-agent's calls are steps of the same plan", async () => {
      const { edge, use } = await planned();
      const { deps, planner, writer, reports } = room;
      const passed = await passOn(deps, planner, { edge: edge.id, to: "writer", grants: [write] });
      const sub = claimsIn(await exchange(deps, writer, passed.id, [write]));
      const args = { quarter: "Q1" };
      const wrote = () => callTool(deps, reports.caller, { jti: sub.jti, tool: "reports/write", args });
      assert.equal(await codeOf(wrote()), "denied");
      await use("read");
      await wrote();
      assert.equal(await codeOf(use("write", args)), "denied");
    });

    test("is what its person signs: the consent binds the plan, and is refused with another", async () => {
      const { deps, desk, pat } = room;
      const task = await openTask(deps, desk.caller, request(room, { grants, plan }));
      const { consent } = await consentFor(deps, pat.caller, { task: task.id });
      assert.equal(consent.plan_hash, planHash(plan));
      await sign(deps, pat, task.id);
      const stored = await findConsent(deps.database, task.id);
      assert.equal(parseConsent(stored?.object ?? null).plan_hash, planHash(plan));
      const bare = await openTask(deps, desk.caller, request(room, { grants }));
      assert.equal((await consentFor(deps, pat.caller, { task: bare.id })).consent.plan_hash, undefined);
    });

    test("is its runbook's, where it has one: tools in any order, and no other", async () => {
      const { deps, ada, desk } = room;
      const definition = { name: "look", description: "Only looks.", steps: ["reports/read"] };
      await defineRunbook(deps, ada.caller, { definition });
      const { use } = await planned({}, { runbook: "look" });
      await use("read");
      assert.equal(await codeOf(use("write", { quarter: "Q1" })), "denied");
      const both = request(room, { grants, plan, runbook: "look" });
      assert.equal(await codeOf(openTask(deps, desk.caller, both)), "invalid");
    });

    test("plans nothing that is not asked for, nor what is no plan", async () => {
      const { deps, desk } = room;
      const open = (declared: object) =>
        codeOf(openTask(deps, desk.caller, request(room, { grants, plan: declared as never })));
      assert.equal(await open({ ...plan, steps: [{ tool: "ledger/read" }] }), "invalid");
    });
  });

  describe("an agent that works on a planned task", () => {
    test("tells how its steps stand, with evidence that the log is bound to and does not hold", async () => {
      const { deps, planner } = room;
      const { task, use } = await planned();
      await use("read");
      const report = (step: number, state: "started" | "done" | "failed", attackerEvidence?: Json) =>
        reportStep(deps, planner.caller, { task: task.id, step, state, attackerEvidence });
      await report(1, "done", { rows: 12, digest: "abc" });
      assert.equal(await codeOf(use("read")), "denied");
      await report(2, "started");
      await report(2, "failed");
      await report(2, "started");
      assert.equal((await shown(task.id))?.says, "step 2 of 2");
      const [first] = await events(task.id, "plan.step");
      assert.ok(!JSON.stringify(first).includes("abc"));
      assert.deepEqual(await reveal(deps, String(first?.body.evidence)), { rows: 12, digest: "abc" });
      const lines = renderTrace(buildTrace(await events(task.id), task.id)).join("\n");
      assert.match(lines, /step 1 of 2.*reports\/read.*done/);
    });

    test("tells it by whichever of its delegations lives", async () => {
      const { deps, planner, writer, pat } = room;
      const { task, edge } = await planned();
      const first = await passOn(deps, planner, { edge: edge.id, to: "writer", grants: [read] });
      await passOn(deps, planner, { edge: edge.id, to: "writer", grants: [read] });
      await endDelegation(deps, pat.caller, { edge: first.id });
      await reportStep(deps, writer.caller, { task: task.id, step: 1, state: "started" });
    });

    test("tells nothing of a task of others, of steps out of turn, or at great length", async () => {
      const { deps, planner, publisher, pat } = room;
      const { task, use } = await planned();
      const of = { task: task.id, step: 1, state: "started" as const };
      assert.equal(await codeOf(reportStep(deps, publisher.caller, of)), "not-found");
      assert.equal(await codeOf(reportStep(deps, pat.caller, of)), "not-found");
      assert.equal(await codeOf(reportStep(deps, planner.caller, { ...of, step: 2 })), "conflict");
      assert.equal(await codeOf(reportStep(deps, planner.caller, { ...of, step: 3 })), "conflict");
      assert.equal(await codeOf(reportStep(deps, planner.caller, { ...of, state: "done" })), "conflict");
      const long = { ...of, attackerEvidence: "x".repeat(8_000) };
      assert.equal(await codeOf(reportStep(deps, planner.caller, long)), "too-large");
      await use("read");
      assert.equal((await shown(task.id))?.steps[0]?.state, "started");
      const bare = await begunTask(deps, room, { grants });
      assert.equal(await codeOf(reportStep(deps, planner.caller, { ...of, task: bare.task.id })), "conflict");
    });
  });
});
