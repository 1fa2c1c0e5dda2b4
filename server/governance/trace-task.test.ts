import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { renderTrace } from "@countersign/proof/trace";
import { z } from "zod";
import { answer } from "../approvals/fixture.ts";
import { append, declareEvent } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { Change } from "../database/index.ts";
import { begunTask, call, codeOf, fault, passOn, quarter, request } from "../delegation/fixture.ts";
import { closeTask, openTask } from "../delegation/index.ts";
import type { RawRequest } from "../http/index.ts";
import { type Caller, newId, nobody, type Role } from "../lib/index.ts";
import { claimsIn, exchange, openMarket } from "../oauth/fixture.ts";
import { callTool, returnTool } from "../oauth/index.ts";
import { taskTrace, traceTask } from "./index.ts";
import { readEvents } from "./read-events.ts";

type Opened = Awaited<ReturnType<typeof openMarket>>;

const happened = declareEvent("test.happened", "A test happened.", z.object({ n: z.int() }));

const as = ({ caller }: { caller: Caller }, roles: Role[]): Caller => ({ ...caller, roles });

forEachEngine((engine) => {
  let room: Opened;
  before(async () => {
    room = await openMarket(engine);
  });
  after(() => room.close());

  describe("the trace of a task", () => {
    test("shows who asked, who passed on what to whom, and what was refused", async () => {
      const { deps, pat, planner, writer, desk } = room;
      const { task, edge } = await begunTask(deps, room);
      const read = [call("reports/read", { open_args: true })];
      const passed = await passOn(deps, planner, { edge: edge.id, to: "writer", grants: read });
      const beyond = {
        edge: passed.id,
        to: "publisher",
        grants: [call("reports/publish", { open_args: true })],
      };
      await fault(passOn(deps, writer, beyond));
      await closeTask(deps, pat.caller, { task: task.id });
      const { trace, names } = await traceTask(deps, pat.caller, { task: task.id });
      assert.equal(trace.state, "closed");
      assert.deepEqual([trace.root?.edge, trace.root?.passed, trace.root?.problems], [edge.id, "signed", []]);
      const [child] = trace.root?.children ?? [];
      assert.deepEqual([child?.edge, child?.passed, child?.problems], [passed.id, "narrowed", []]);
      assert.deepEqual(
        child?.entries.map(({ kind }) => kind),
        ["refusal"],
      );
      assert.deepEqual(names, { [pat.id]: "Pat", [desk.service.id]: "desk" });
      const text = renderTrace(trace, { names }).join("\n");
      assert.match(text, /● Pat ──signed──▶ ◆ planner ──narrowed──▶ ◆ writer/);
    });

    test("tells instructed calls from approved ones, and names the rule of a refusal", async () => {
      const { deps, pat, mia, planner, writer, reports, desk } = room;
      const { task, edge } = await begunTask(deps, room);
      const grants = [call("reports/read", { open_args: true }), call("reports/publish", quarter("Q3"))];
      const { id } = await passOn(deps, planner, { edge: edge.id, to: "writer", grants });
      const read = claimsIn(await exchange(deps, writer, id, grants.slice(0, 1)));
      const reading = { jti: read.jti, tool: "reports/read", args: {} };
      await callTool(deps, reports.caller, reading);
      await returnTool(deps, reports.caller, { ...reading, outcome: "returned" });
      deps.clock.advance(1);
      const pending = await fault(exchange(deps, writer, id, grants.slice(1)));
      await answer(deps, mia, String(pending.members.approval));
      const publish = claimsIn(await exchange(deps, writer, id, grants.slice(1)));
      await callTool(deps, reports.caller, {
        jti: publish.jti,
        tool: "reports/publish",
        args: { quarter: "Q3" },
      });
      deps.clock.advance(1);
      await fault(exchange(deps, writer, id, [call("reports/write", quarter("Q3"))]));

      const { trace, names } = await traceTask(deps, pat.caller, { task: task.id });
      const entries = trace.root?.children[0]?.entries ?? [];
      const actions = entries.filter((entry) => entry.kind === "action");
      assert.deepEqual(
        actions.map(({ tool, right, outcome, problems }) => [tool, right, outcome, problems]),
        [
          ["reports/read", "instructed", "executed", []],
          ["reports/publish", "approved", "allowed", []],
        ],
      );
      const refusals = entries.filter((entry) => entry.kind === "refusal");
      assert.deepEqual(
        refusals.map(({ tool, verdict, policies }) => [tool, verdict, policies]),
        [
          ["reports/publish", "require-approval", ["external-publication-needs-manager"]],
          ["reports/write", "deny", ["authority-not-covered"]],
        ],
      );
      const [asked] = entries.filter((entry) => entry.kind === "approval");
      assert.deepEqual(
        asked?.answers.map(({ person, signature, problems }) => [person, signature.state, problems]),
        [[mia.id, "holds", []]],
      );
      assert.deepEqual(
        trace.consents.map(({ signature }) => signature.state),
        ["holds"],
      );
      assert.deepEqual(names, { [pat.id]: "Pat", [mia.id]: "Mia", [desk.service.id]: "desk" });
      assert.equal(trace.notShown, 0);
    });

    test("is for the person behind it, owners of its agents, auditors and administrators", async () => {
      const { deps, pat, mia, ada, desk, planner } = room;
      const { task } = await begunTask(deps, room);
      const allowed = [pat.caller, as(ada, ["administrator"]), as(mia, ["auditor"]), as(ada, [])];
      for (const caller of allowed) await traceTask(deps, caller, { task: task.id });
      const strangers = [mia.caller, desk.caller, planner.caller, nobody("192.0.2.1")];
      for (const caller of strangers) {
        assert.equal(await codeOf(traceTask(deps, caller, { task: task.id })), "not-found");
      }
    });

    test("does not tell a stranger whether there is such a task", async () => {
      const { deps, mia } = room;
      const { task } = await begunTask(deps, room);
      const unknown = await fault(traceTask(deps, mia.caller, { task: newId(deps, "task") }));
      const hidden = await fault(traceTask(deps, mia.caller, { task: task.id }));
      assert.deepEqual(
        [hidden.message, hidden.remedy, hidden.members],
        [unknown.message, unknown.remedy, unknown.members],
      );
    });

    test("can be had before the person has consented", async () => {
      const { deps, pat, desk } = room;
      const { id } = await openTask(deps, desk.caller, request(room));
      const { trace } = await traceTask(deps, pat.caller, { task: id });
      assert.deepEqual([trace.state, trace.root], ["awaiting-consent", undefined]);
    });

    test("is answered with the names and the size of the log, where there is one yet", async () => {
      const { deps, pat, desk } = room;
      const { task } = await begunTask(deps, room);
      const input = {
        params: { task: task.id },
        query: undefined,
        body: undefined,
        request: {} as RawRequest,
      };
      const { status, body } = await taskTrace.handle(deps, pat.caller, input);
      assert.equal(status, 200);
      const { names, log } = body as { names: object; log: object };
      assert.deepEqual([names, log], [{ [pat.id]: "Pat", [desk.service.id]: "desk" }, {}]);
    });
  });

  describe("reading events", () => {
    test("finds all of them, over many pages, each once", async () => {
      const { deps, pat } = room;
      const task = newId(deps, "task");
      const change = new Change(deps.database);
      for (let n = 0; n < 1_001; n++) append(change, happened(deps, pat.caller, { task }, { n }));
      await deps.database.commit(change);
      const events = await readEvents(deps, { task });
      assert.equal(new Set(events.map(({ id }) => id)).size, 1_001);
    });

    test("refuses rather than cuts off a task of too many", async () => {
      const { deps, pat } = room;
      const { task } = await begunTask(deps, room);
      assert.equal(await codeOf(traceTask(deps, pat.caller, { task: task.id, most: 2 })), "too-large");
    });
  });
});
