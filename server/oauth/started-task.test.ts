import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { buildTrace, renderTrace, type TraceEvent } from "@countersign/proof/trace";
import { findEvents } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { ALL, begunTask, call, codeOf, fault, passOn, quarters, run } from "../delegation/fixture.ts";
import { closeTask, type StartRequest, startTask } from "../delegation/index.ts";
import { hours } from "../lib/index.ts";
import { departPerson, registerAgent, suspendAgent, suspendService, updateAgent } from "../registry/index.ts";
import { ask, claimsIn, exchange, exchangeForm, openMarket } from "./fixture.ts";
import { callTool } from "./use-token.ts";

type Opened = Awaited<ReturnType<typeof openMarket>>;

const write = [call("reports/write", quarters("Q1", "Q2"))];
const read = [call("reports/read", { open_args: true })];

forEachEngine((engine) => {
  let room: Opened;
  before(async () => {
    room = await openMarket(engine);
    const { deps, ada, desk } = room;
    const delegation = { delegate_to: ["writer"], max_depth: 4, needs_person: [], shared: true } as const;
    const starters = ["itself", desk.service.id];
    const update = { delegation: { ...delegation, delegate_to: ["writer"], needs_person: [], starters } };
    await updateAgent(deps, ada.caller, { name: "planner", update });
  });
  after(() => room.close());

  const start = (caller = room.planner.caller, more: Partial<StartRequest> = {}) =>
    startTask(room.deps, caller, { agent: "planner", purpose: "nightly report", grants: write, ...more });

  const told = (on: string, kind: "schedule" | "event" = "schedule") => ({ trigger: { kind, on } });

  const use = (jti: string, tool = "reports/write") =>
    callTool(room.deps, room.reports.caller, { jti, tool, args: { quarter: "Q1" } });

  describe("a task that no person asked for", () => {
    test("is started by its agent, acts for nobody, and ends all that it gave", async () => {
      const { deps, planner } = room;
      const { task, edge } = await start();
      assert.deepEqual(
        [task.state, task.startedBy, task.consent],
        ["active", { kind: "agent", principal: "planner" }, undefined],
      );
      const claims = claimsIn(await exchange(deps, planner, edge.id, write));
      assert.equal(claims.sub, "spiffe://acme.example/agent/planner");
      assert.deepEqual(
        [claims.act?.sub, claims.task, claims.acr, claims.auth_time],
        ["planner", task.id, undefined, undefined],
      );
      const { authority } = await use(claims.jti);
      assert.equal(authority, "autonomous");
      await closeTask(deps, planner.caller, { task: task.id });
      assert.equal(await codeOf(use(claims.jti)), "gone");
      assert.equal(await codeOf(exchangeForm(deps, planner, edge.id)), "gone");
    });

    test("is started by a service that its agent's record names, once for each thing that it tells of", async () => {
      const { deps, desk, reports, ada } = room;
      const { task } = await start(desk.caller, told("2026-01-01 nightly"));
      assert.deepEqual(task.startedBy, {
        kind: "schedule",
        principal: desk.service.id,
        on: "2026-01-01 nightly",
      });
      const again = await fault(start(desk.caller, told("2026-01-01 nightly", "event")));
      assert.deepEqual([again.code, again.members?.task], ["exists", task.id]);
      const both = [1, 2].map(() =>
        start(desk.caller, told("at once")).then(({ task: { id } }) => id, String),
      );
      const ids = (await Promise.all(both)).filter((id) => id.startsWith("task_"));
      assert.equal(ids.length, 1, "of two that are told of at once, one starts");
      for (const id of [task.id, ...ids]) await closeTask(deps, desk.caller, { task: id });
      for (const [caller, more] of [
        [reports.caller, told("of a stranger")],
        [desk.caller, {}],
        [room.planner.caller, told("an agent tells of nothing")],
        [room.writer.caller, {}],
        [ada.caller, {}],
      ] as const)
        assert.equal(await codeOf(start(caller, more)), "forbidden");
      assert.equal(
        await codeOf(start(room.writer.caller, { agent: "writer" })),
        "forbidden",
        "it must be named",
      );
    });

    test("gives no more than the agent's own ceiling, at every hop", async () => {
      const { deps, planner, writer } = room;
      const beyond = { grants: [call("reports/write", quarters("Q1", "Q4"))] };
      assert.equal(await codeOf(start(planner.caller, beyond)), "denied");
      const { task, edge } = await start(planner.caller, { grants: [...write, ...read] });
      const passed = await passOn(deps, planner, { edge: edge.id, to: "writer", grants: read });
      const claims = claimsIn(await exchange(deps, writer, passed.id, read));
      assert.deepEqual(
        [claims.sub, claims.act?.sub, claims.act?.act?.sub],
        ["spiffe://acme.example/agent/planner", "writer", "planner"],
      );
      await use(claims.jti, "reports/read");
      assert.equal(
        await codeOf(passOn(deps, planner, { edge: edge.id, to: "writer", grants: ALL })),
        "denied",
      );
      await closeTask(deps, planner.caller, { task: task.id });
      assert.equal(await codeOf(use(claims.jti, "reports/read")), "gone");
    });

    test("is no way around a task of a person's at the same resource, before or after", async () => {
      const { deps, planner, desk } = room;
      const own = await start();
      const token = claimsIn(await exchange(deps, planner, own.edge.id, write));
      const hers = await begunTask(deps, room, { grants: read });
      const form = await exchangeForm(deps, planner, own.edge.id, write);
      assert.equal(await codeOf(ask(deps, planner, form)), "unauthorized-client");
      await exchange(deps, planner, hers.edge.id, read);
      assert.equal(await codeOf(use(token.jti)), "gone", "what it held by its own task has ended");
      assert.equal(await codeOf(start()), "denied");
      await closeTask(deps, desk.caller, { task: hers.task.id });
      await exchange(deps, planner, own.edge.id, write);
      await closeTask(deps, planner.caller, { task: own.task.id });
    });

    test("is no way around it through another agent either, to whom its authority was passed on before", async () => {
      const { deps, planner, writer, desk } = room;
      const own = await start(planner.caller, { grants: [...write, ...read] });
      const passed = await passOn(deps, planner, { edge: own.edge.id, to: "writer", grants: read });
      const { jti } = claimsIn(await exchange(deps, writer, passed.id, read));
      const hers = await begunTask(deps, room, { grants: read });
      const form = await exchangeForm(deps, writer, passed.id, read);
      assert.equal(await codeOf(ask(deps, writer, form)), "unauthorized-client");
      const again = passOn(deps, planner, { edge: own.edge.id, to: "writer", grants: read });
      assert.equal(await codeOf(again), "denied");
      await exchange(deps, planner, hers.edge.id, read);
      assert.equal(await codeOf(use(jti, "reports/read")), "gone");
      await closeTask(deps, desk.caller, { task: hers.task.id });
      await closeTask(deps, planner.caller, { task: own.task.id });
    });

    test("counts nothing that its ceiling counts: whatever is for so many uses needs a person's task", async () => {
      const { deps, ada } = room;
      const counted = [{ ...call("ledger/read", { open_args: true }), max_uses: 1 }];
      await registerAgent(deps, ada.caller, {
        name: "counting",
        class: "reporting",
        purpose: "reads once",
        environment: "production",
        owner: ada.id,
        grants: counted,
        delegation: { max_depth: 1, delegate_to: [], needs_person: [], starters: ["itself"] },
      });
      const { caller } = await run(deps, { agent: "counting" });
      assert.equal(await codeOf(start(caller, { agent: "counting", grants: counted })), "denied");
    });

    test("is told to nobody as a person's: no warrant begins with it, and its trace says so", async () => {
      const { deps, planner, desk } = room;
      const { task, edge } = await start(desk.caller, told("incident 7", "event"));
      const form = await exchangeForm(deps, planner, edge.id, write);
      const warrant = { ...form, requested_token_type: "urn:countersign:params:oauth:token-type:warrant" };
      assert.notEqual(await codeOf(ask(deps, planner, warrant)), "");
      await use(claimsIn(await ask(deps, planner, form)).jti);
      const trace = buildTrace(await eventsOf(task.id), task.id);
      assert.deepEqual([trace.root?.passed, trace.root?.problems, trace.consents], ["standing", [], []]);
      const actions = trace.root?.entries.flatMap((entry) => (entry.kind === "action" ? [entry] : []));
      assert.deepEqual(
        actions?.map(({ right, problems }) => [right, problems]),
        [["autonomous", []]],
      );
      const text = renderTrace(trace).join("\n");
      assert.match(text, /started ◆ planner on event incident 7: nobody asked, ● person_\w+ answers for it/);
      assert.match(
        text,
        /◇ standing authority ──started──▶ ◆ planner ──called──▶ ▣ reports\/write {3}ALLOW · autonomous-task-call · autonomous/,
      );
      await closeTask(deps, desk.caller, { task: task.id });
    });

    test("leaves room for no more than a hundred open ones", async () => {
      const { deps, desk } = room;
      const ids: string[] = [];
      for (let n = 0; n < 99; n++) ids.push((await start(desk.caller, told(`run ${n}`))).task.id);
      const both = ["one", "other"].map((on) =>
        start(desk.caller, told(on)).then(({ task }) => task.id, String),
      );
      const last = (await Promise.all(both)).filter((id) => id.startsWith("task_"));
      assert.equal(last.length, 1, "of two at once that would both be the hundredth, one starts");
      ids.push(...last);
      assert.equal(await codeOf(start(desk.caller, told("one more"))), "conflict");
      for (const task of ids) await closeTask(deps, desk.caller, { task });
      await closeTask(deps, desk.caller, { task: (await start(desk.caller, told("one more"))).task.id });
    });

    test("ends with its agent's access, and not with the person who answers for the agent", async () => {
      const { deps, ada, planner, pat } = room;
      await updateAgent(deps, ada.caller, { name: "planner", update: { owner: pat.id } });
      const { edge } = await start(planner.caller, { expiresIn: hours(1) });
      const { jti } = claimsIn(await exchange(deps, planner, edge.id, write));
      await departPerson(deps, ada.caller, { id: pat.id });
      await use(jti);
      await suspendAgent(deps, ada.caller, { name: "planner" });
      assert.equal(await codeOf(use(jti)), "gone");
      assert.notEqual(await codeOf(start()), "");
    });

    test("cannot be told of by a service that is suspended", async () => {
      const { deps, ada, desk } = room;
      await suspendService(deps, ada.caller, { id: desk.service.id });
      assert.notEqual(await codeOf(start(desk.caller, told("too late"))), "");
    });
  });

  async function eventsOf(task: string): Promise<TraceEvent[]> {
    const found = await findEvents(room.deps.database, { task, limit: 200 });
    return found.map(({ body }) => JSON.parse(body) as TraceEvent);
  }
});
