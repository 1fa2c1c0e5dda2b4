import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { findEvents } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { begunTask, call, codeOf, LEDGER, quarters, REPORTS } from "../delegation/fixture.ts";
import { system } from "../lib/index.ts";
import { registerService } from "../registry/index.ts";
import { claimsIn, exchange, openMarket } from "./fixture.ts";
import { reportRefusal } from "./report-refusal.ts";

forEachEngine((engine) => {
  let room: Awaited<ReturnType<typeof openMarket>>;
  before(async () => {
    room = await openMarket(engine);
  });
  after(() => room.close());

  const ELSEWHERE = "https://elsewhere.example";
  const refusal = {
    resource: REPORTS,
    tool: "reports/write",
    error: "invalid_dpop_proof",
    why: "Used twice.",
  };

  test("what a service turned away stands in the trail of the task and agent whose token came with it", async () => {
    const { deps, planner, reports } = room;
    const write = [call("reports/write", quarters("Q1", "Q2"))];
    const { task, edge } = await begunTask(deps, room, { grants: write });
    const { jti } = claimsIn(await exchange(deps, planner, edge.id, write));
    await reportRefusal(deps, reports.caller, { ...refusal, jti });
    const [row] = await findEvents(deps.database, { task: task.id, type: "call.refused", limit: 5 });
    const { about, body, severity } = JSON.parse(row?.body ?? "");
    assert.deepEqual([about, severity], [{ task: task.id, agent: "planner" }, "refusal"]);
    assert.deepEqual(body, { ...refusal, service: reports.service.id, jti, edge: edge.id });
  });

  test("a token that Countersign does not know is not named", async () => {
    const { deps, reports } = room;
    await reportRefusal(deps, reports.caller, { ...refusal, jti: "jti_invented" });
    const rows = await findEvents(deps.database, { type: "call.refused", limit: 50 });
    assert.ok(rows.every(({ body }) => !body.includes("jti_invented")));
  });

  test("a service has no words of its own in the trail of a token for another resource", async () => {
    const { deps, planner, reports } = room;
    const { task, edge } = await begunTask(deps, room);
    const { jti } = claimsIn(
      await exchange(deps, planner, edge.id, [call("reports/write", quarters("Q1", "Q2"))]),
    );
    const ours = await registerService(deps, system, {
      name: "other",
      owner: reports.service.owner,
      resources: [ELSEWHERE],
    });
    const caller = { ...reports.caller, principal: ours.id };
    await reportRefusal(deps, caller, {
      ...refusal,
      resource: ELSEWHERE,
      why: "It stole the crown jewels.",
      jti,
    });
    const [row] = await findEvents(deps.database, { task: task.id, type: "call.refused", limit: 5 });
    assert.equal(JSON.parse(row?.body ?? "").body.why, "The access token is for another resource.");
  });

  test("nobody reports about a resource that is not its own", async () => {
    const { deps, reports, planner } = room;
    const elsewhere = { ...refusal, resource: LEDGER };
    assert.equal(await codeOf(reportRefusal(deps, reports.caller, elsewhere)), "forbidden");
    assert.equal(await codeOf(reportRefusal(deps, planner.caller, refusal)), "forbidden");
  });
});
