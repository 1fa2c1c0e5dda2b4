import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  called,
  consent,
  event,
  extended,
  given,
  grantFor,
  receipt,
  refused,
  service,
  start,
  subDelegation,
  task,
} from "./events-fixture.ts";
import { actionsIn, changing, edgesIn, plus, replacing, rights, story } from "./fixture.ts";
import { buildTrace, principalsIn, renderTrace, type TraceEvent } from "./index.ts";

describe("a trace", () => {
  it("tells an instructed call from an approved one", () => {
    assert.deepEqual(rights(story), ["instructed", "approved"]);
  });

  it("verifies what people signed with their enrolled passkeys", () => {
    const trace = buildTrace(story, task);
    assert.deepEqual(trace.consents[0]?.signature, { state: "holds" });
    const approval = trace.root?.children[0]?.entries.find(({ kind }) => kind === "approval");
    assert.ok(approval?.kind === "approval");
    assert.deepEqual(approval.answers[0]?.signature, { state: "holds" });
    assert.deepEqual(approval.answers[0]?.problems, []);
  });

  it("places tokens, calls and refusals under the delegation of the agent that acted, in time order", () => {
    const kinds = buildTrace(story, task).root?.children[0]?.entries.map(({ kind }) => kind);
    assert.deepEqual(kinds, ["token", "action", "refusal", "approval", "refusal", "token", "action"]);
  });

  it("shows what services let pass on warrants, and calls none of it instructed", () => {
    const used = (second: number, phase: string, more: object = {}) =>
      event(
        second,
        "warrant.used",
        service,
        { agent: "cost-analysis-agent", person: "person_alice" },
        {
          ...{ phase, proof: "p-1", tool: "reports/read", resource: "https://company.example" },
          ...{ service: "service_company", as_named: true, revoked: false, ...more },
        },
      );
    const told = (...events: TraceEvent[]) =>
      actionsIn(buildTrace(plus(...events), task)).filter(({ problems }) =>
        problems.some((problem) => problem.includes("chain of warrants")),
      );
    const [call, ...more] = told(used(40, "called"), used(41, "returned"));
    assert.deepEqual(
      [call?.right, call?.outcome, call?.agent, call?.problems.length, more.length],
      ["autonomous", "executed", "cost-analysis-agent", 1, 0],
    );
    const [odd] = told(used(40, "called", { as_named: false, revoked: true }));
    assert.deepEqual([odd?.outcome, odd?.problems.length], ["allowed", 3]);
    assert.deepEqual(told(used(41, "returned")), [], "of no call");
    const elsewhere = told(used(40, "called"), used(41, "failed", { service: "service_other" }));
    assert.equal(elsewhere[0]?.outcome, "allowed", "only the service that served it tells how it ended");
    const twice = told(
      used(40, "called", { at: 1 }),
      used(41, "called", { at: 2 }),
      used(42, "failed", { at: 2 }),
      used(43, "called", { proof: "p-2", at: 3 }),
    );
    assert.deepEqual(
      twice.map(({ outcome, problems }) => [outcome, problems.some((one) => one.includes("twice"))]),
      [
        ["allowed", true],
        ["failed", true],
        ["allowed", false],
      ],
      "one proof at two copies is two calls",
    );
    const [first, second] = told(used(40, "called"), used(41, "called"), used(42, "returned"));
    assert.deepEqual([first?.outcome, second?.outcome], ["executed", "allowed"], "in the same moment, too");
  });

  it("tells the people in it", () => {
    assert.deepEqual(principalsIn(buildTrace(story, task)), ["person_alice", "person_marta"]);
  });

  it("is the same whatever the order of the events, and however often one is handed over", () => {
    const expected = buildTrace(story, task);
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...story], { minLength: story.length }),
        fc.subarray([...story]),
        (events, again) => assert.deepEqual(buildTrace([...events, ...again], task), expected),
      ),
      { numRuns: 40 },
    );
  });

  it("is the same after it was JSON", () => {
    const trace = buildTrace(story, task);
    assert.deepEqual(JSON.parse(JSON.stringify(trace)), trace);
  });

  it("never gives an action a better right when evidence is taken away", () => {
    const worth = { autonomous: 0, instructed: 1, approved: 2 };
    const best = new Map(
      actionsIn(buildTrace(story, task)).map(({ action, right }) => [action, worth[right]]),
    );
    // Ends and spendings are evidence against; without them nothing gets better than it is here either.
    fc.assert(
      fc.property(fc.subarray([...story]), (events) => {
        for (const { action, right } of actionsIn(buildTrace(events, task))) {
          assert.ok(worth[right] <= (best.get(action) ?? 0), `${action} became ${right}`);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("survives events that are none, and bodies of any shape", () => {
    const types = [...new Set(story.map(({ type }) => type))];
    const hostile = fc.record({
      id: fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor")),
      at: fc.oneof(fc.integer(), fc.constant(Number.NaN), fc.constant("now")),
      type: fc.oneof(fc.constantFrom(...types), fc.string()),
      severity: fc.string(),
      actor: fc.oneof(fc.constant(story[3]?.actor), fc.anything()),
      about: fc.oneof(fc.constant({ task, agent: "planning-agent" }), fc.anything()),
      body: fc.oneof(fc.jsonValue(), fc.constantFrom(...story.map(({ body }) => body))),
    });
    fc.assert(
      fc.property(fc.array(fc.oneof(hostile, fc.anything()), { maxLength: 12 }), (events) => {
        const trace = buildTrace([...story, ...events] as TraceEvent[], task);
        assert.equal(trace.task, task);
        JSON.stringify(trace);
      }),
      { numRuns: 200 },
    );
  });

  it("survives texts that are no Unicode, wherever authority stands", () => {
    const broken = "\ud800";
    const bad = [
      grantFor(broken),
      grantFor("costs/read", { args: { month: { op: "eq", value: broken } } }),
      grantFor("costs/read", { args: { [broken]: { op: "any" } } }),
    ];
    for (const grant of bad) {
      const object = { ...consent, grants: [grant] };
      for (const events of [
        changing("consent.given", { consent: object }),
        changing("delegation.extended", { grants: [grant] }),
        changing("token.issued", { granted: [{ grant }] }),
        changing("approval.answered", { receipt: { ...receipt, tool: broken } }),
      ]) {
        const trace = buildTrace(events, task);
        assert.ok(renderTrace(trace).every((line) => line.isWellFormed()));
      }
    }
  });

  it("leaves out what is about other tasks and counts what it does not show", () => {
    const other = { ...called(50, "jti_read", "costs/read"), about: { task: "task_other" } };
    const news = event(51, "weather.changed", refused(51, "x", {}).actor, {}, {});
    const trace = buildTrace(plus(other, news), task);
    assert.equal(actionsIn(trace).length, 2);
    assert.equal(trace.notShown, 1);
    assert.equal(trace.events, buildTrace(story, task).events + 1);
  });

  it("shows what a service turned away under the agent whose token came with it", () => {
    const service = {
      kind: "service",
      principal: "service_cloud",
      strength: "enrolled-key",
      via: "access-token",
    };
    const body = {
      tool: "cloud/listMachines",
      resource: "r",
      error: "invalid_dpop_proof",
      why: "Used twice.",
    };
    const away = event(52, "call.refused", service, { agent: "cost-analysis-agent" }, body);
    const trace = buildTrace([...story, away], task);
    const entry = trace.root?.children
      .flatMap(({ entries }) => entries)
      .find(({ event: id }) => id === away.id);
    assert.ok(entry?.kind === "refusal");
    assert.deepEqual([entry.tool, entry.code], ["cloud/listMachines", "invalid_dpop_proof"]);
  });

  it("counts the same refusal again and again as one", () => {
    const trace = buildTrace(story, task);
    const asked = trace.root?.children[0]?.entries.filter(({ kind }) => kind === "refusal")[1];
    assert.ok(asked?.kind === "refusal");
    assert.equal(asked.times, 2);
    assert.equal(asked.lastAt, start + 26_000);
  });

  it("knows nothing of a task that no event is about, and says so", () => {
    const trace = buildTrace(story, "task_unheard");
    assert.deepEqual(trace, {
      task: "task_unheard",
      state: "unknown",
      consents: [],
      unplaced: { edges: [], entries: [] },
      events: 0,
      notShown: 0,
    });
  });
});

describe("the tree", () => {
  it("keeps a delegation that hangs on nothing known apart, with what was done under it", () => {
    const trace = buildTrace(changing("delegation.extended", { parent: "edge_elsewhere" }), task);
    assert.deepEqual(
      trace.unplaced.edges.map(({ edge, passed }) => [edge, passed]),
      [["edge_cost", "unproven"]],
    );
    assert.equal(trace.root?.children.length, 0);
  });

  it("cannot be made endless by delegations that hang on each other", () => {
    const ring = [
      extended(5, { edge: "edge_a", parent: "edge_b", from: "b", to: "a", depth: 2 }),
      extended(6, { edge: "edge_b", parent: "edge_a", from: "a", to: "b", depth: 3 }),
      extended(7, { edge: "edge_c", parent: "edge_c", from: "c", to: "c", depth: 3 }),
    ];
    const trace = buildTrace(plus(...ring), task);
    assert.ok(
      edgesIn(trace)
        .filter(({ edge }) => ring.some(({ body }) => (body as { edge: string }).edge === edge))
        .every(({ passed }) => passed === "unproven"),
    );
  });

  it("cannot be made deeper than a chain may be", () => {
    const endless = Array.from({ length: 5000 }, (_, i) =>
      extended(5 + i, {
        edge: `edge_${i}`,
        parent: `edge_${i - 1}`,
        from: `agent-${i - 1}`,
        to: `agent-${i}`,
        depth: i - 2000,
      }),
    );
    JSON.stringify(buildTrace(plus(...endless), task));
  });

  it("does not guess under which of its delegations an agent was refused", () => {
    const second = extended(4, {
      edge: "edge_cost_2",
      parent: "edge_root",
      from: "planning-agent",
      to: "cost-analysis-agent",
      depth: 2,
    });
    const trace = buildTrace(plus(second), task);
    assert.ok(trace.unplaced.entries.some(({ kind }) => kind === "refusal"));
    assert.equal(
      trace.root?.children[0]?.entries.some(({ kind }) => kind === "refusal"),
      false,
    );
  });

  it("says delegated where all was passed on and narrowed where less was", () => {
    assert.equal(buildTrace(story, task).root?.children[0]?.passed, "narrowed");
    const whole = replacing("delegation.extended", subDelegation({ grants: given }));
    assert.equal(buildTrace(whole, task).root?.children[0]?.passed, "delegated");
  });

  it("takes the end of a call only from the service that let it pass", () => {
    const events = changing("tool.returned", { service: "service_other" });
    assert.equal(actionsIn(buildTrace(events, task))[0]?.outcome, "allowed");
    assert.equal(actionsIn(buildTrace(story, task))[0]?.outcome, "executed");
  });
});
