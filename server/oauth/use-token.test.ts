import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { answer } from "../approvals/fixture.ts";
import { findEvents } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { openDatabase } from "../database/index.ts";
import {
  begunTask,
  call,
  codeOf,
  fault,
  passOn,
  quarter,
  quarters,
  REPORTS,
  run,
} from "../delegation/fixture.ts";
import { closeTask, endDelegation } from "../delegation/index.ts";
import { minutes } from "../lib/index.ts";
import { endInstance, registerService, resumeAgent, suspendAgent } from "../registry/index.ts";
import { ask, claimsIn, exchange, migrations, more, openMarket } from "./fixture.ts";
import { callTool, type ReportedCall, returnTool } from "./use-token.ts";

type Opened = Awaited<ReturnType<typeof openMarket>>;

const write = [call("reports/write", quarters("Q1", "Q2"))];
const publish = [call("reports/publish", quarter("Q1"))];
const counted = [call("reports/write", { ...quarters("Q1"), max_uses: 3 })];

forEachEngine((engine) => {
  let room: Opened;
  before(async () => {
    room = await openMarket(engine);
  });
  after(() => room.close());

  async function withToken(grants = write, delegated = grants) {
    const { deps, planner } = room;
    const { task, edge } = await begunTask(deps, room, { grants: delegated });
    const { jti } = claimsIn(await exchange(deps, planner, edge.id, grants));
    const use: ReportedCall = { jti, tool: String(grants[0]?.identifier), args: { quarter: "Q1" } };
    return { task, edge, jti, use };
  }

  async function withApproval() {
    const { deps, mia, planner } = room;
    const { task, edge } = await begunTask(deps, room);
    const { approval } = (await fault(exchange(deps, planner, edge.id, publish))).members;
    await answer(deps, mia, String(approval));
    const { jti } = claimsIn(await exchange(deps, planner, edge.id, publish));
    const use: ReportedCall = { jti, tool: "reports/publish", args: { quarter: "Q1" } };
    return { task, edge, jti, use, approval };
  }

  describe("a call", () => {
    test("stands in the log and in its task's history, with its arguments as a commitment", async () => {
      const { deps, pat, planner, reports } = room;
      const { task, use } = await withToken();
      const { action, authority } = await callTool(deps, reports.caller, use);
      assert.equal(authority, "instructed");
      const [row] = await findEvents(deps.database, { task: task.id, type: "tool.called", limit: 5 });
      const { about, body } = JSON.parse(row?.body ?? "");
      assert.deepEqual(about, { task: task.id, agent: "planner", person: pat.id });
      assert.deepEqual([body.action, body.labels, body.service], [action, ["write"], reports.service.id]);
      assert.equal(body.instance, planner.instance.id);
      assert.ok(!row?.body.includes('"Q1"'));
    });

    test("that a person approved is said to be approved, and happens once", async () => {
      const { deps, reports } = room;
      const { use, approval, task } = await withApproval();
      const used = await callTool(deps, reports.caller, use);
      assert.deepEqual([used.authority, used.use, used.of], ["approved", 1, 1]);
      assert.equal(await codeOf(callTool(deps, reports.caller, use)), "gone");
      const [row] = await findEvents(deps.database, { task: task.id, type: "tool.called", limit: 5 });
      assert.equal(JSON.parse(row?.body ?? "").body.approval, approval);
      const spent = await findEvents(deps.database, { task: task.id, type: "approval.spent", limit: 5 });
      assert.equal(spent.length, 1);
    });

    test("other than the one that was approved does not happen, and spends nothing", async () => {
      const { deps, reports } = room;
      const { use } = await withApproval();
      for (const args of [{ quarter: "Q2" }, {}, { quarter: "Q1", to: "everybody" }, { quarter: ["Q1"] }]) {
        assert.equal(await codeOf(callTool(deps, reports.caller, { ...use, args })), "denied");
      }
      await callTool(deps, reports.caller, use);
    });

    test("whose proof of possession has come before is refused, at whatever copy of the service, and counts nothing", async () => {
      const { deps, reports } = room;
      const [{ use, task }, other] = [await withToken(counted), await withToken()];
      const proven = { ...use, proof: "p".repeat(43) };
      const sent = await Promise.allSettled(
        Array.from({ length: 3 }, () => callTool(deps, reports.caller, proven)),
      );
      assert.equal(sent.filter(({ status }) => status === "fulfilled").length, 1);
      await assert.rejects(callTool(deps, reports.caller, proven), {
        code: "gone",
        members: { token_error: "invalid_dpop_proof" },
      });
      const rows = await findEvents(deps.database, { task: task.id, type: "tool.called", limit: 9 });
      assert.equal(rows.length, 1);
      const next = await callTool(deps, reports.caller, { ...use, proof: "q".repeat(43) });
      assert.equal(next.use, 2, "what was refused was not counted");
      await callTool(deps, reports.caller, { ...other.use, proof: proven.proof });
      await callTool(deps, reports.caller, use);
    });

    test("that was refused has used its proof up", async () => {
      const { deps, reports } = room;
      const { use } = await withToken();
      const proof = "r".repeat(43);
      assert.equal(
        await codeOf(callTool(deps, reports.caller, { ...use, tool: "ledger/read", proof })),
        "denied",
      );
      assert.equal(await codeOf(callTool(deps, reports.caller, { ...use, proof })), "gone");
    });

    test("of another tool than the token grants is refused", async () => {
      const { deps, reports } = room;
      const { use } = await withToken();
      for (const tool of ["reports/read", "reports/publish", "ledger/read"]) {
        assert.equal(await codeOf(callTool(deps, reports.caller, { ...use, tool })), "denied");
      }
    });

    test("under a grant that demands how the person proved herself passes where her consent shows it, and only there", async () => {
      const { deps, reports } = room;
      const demanding = write.map((grant) => ({ ...grant, acr: "urn:acr:mfa" }));
      const { use } = await withToken(demanding, write);
      assert.equal(await codeOf(callTool(deps, reports.caller, use)), "denied");
      const passkey = write.map((grant) => ({ ...grant, acr: "urn:countersign:acr:passkey" }));
      await callTool(deps, reports.caller, (await withToken(passkey, passkey)).use);
      const alone = [{ ...call("reports/read", { open_args: true }), acr: "urn:countersign:acr:session" }];
      const standing = await ask(deps, await run(deps, { agent: "publisher" }), {
        grant_type: "client_credentials",
        resource: REPORTS,
        authorization_details: JSON.stringify(alone),
      });
      const own = { jti: claimsIn(standing).jti, tool: "reports/read", args: {} };
      assert.equal(await codeOf(callTool(deps, reports.caller, own)), "denied", "nobody stands behind it");
      const both = await withToken([...demanding, ...write], write);
      await callTool(deps, reports.caller, both.use);
    });

    test("is told by the service that is called, and by nobody else", async () => {
      const { deps, ada, desk, planner, reports } = room;
      const { use } = await withToken();
      const service = await registerService(deps, ada.caller, {
        name: "ledger-service",
        owner: ada.id,
        resources: ["https://ledger.example"],
      });
      const other = await run(deps, { service });
      for (const { caller } of [desk, other]) {
        assert.equal(await codeOf(callTool(deps, caller, use)), "not-found");
        assert.equal(await codeOf(returnTool(deps, caller, { ...use, outcome: "returned" })), "not-found");
      }
      assert.equal(await codeOf(callTool(deps, planner.caller, use)), "forbidden");
      assert.equal(await codeOf(callTool(deps, reports.caller, { ...use, jti: "jti_nothing" })), "not-found");
    });

    test("after the end of anything it rests on is refused, though the token has not expired", async () => {
      const { deps, ada, desk, planner, reports, writer } = room;
      const closed = await withToken();
      await closeTask(deps, desk.caller, { task: closed.task.id });
      await assert.rejects(callTool(deps, reports.caller, closed.use), {
        code: "gone",
        members: { token_error: "invalid_token" },
      });
      const { edge } = await begunTask(deps, room);
      const second = await passOn(deps, planner, { edge: edge.id, to: "writer", grants: write });
      const { jti } = claimsIn(await exchange(deps, writer, second.id));
      const use = { jti, tool: "reports/write", args: { quarter: "Q1" } };
      await callTool(deps, reports.caller, use);
      await endDelegation(deps, planner.caller, { edge: second.id });
      assert.equal(await codeOf(callTool(deps, reports.caller, use)), "gone");
      const copy = await run(deps, { agent: "writer" });
      const third = await passOn(deps, planner, { edge: edge.id, to: "writer", grants: write });
      const token = claimsIn(await exchange(deps, copy, third.id));
      await endInstance(deps, ada.caller, { id: copy.instance.id });
      assert.equal(await codeOf(callTool(deps, reports.caller, { ...use, jti: token.jti })), "gone");
    });

    test("under a token from before a suspension is refused for good, also when the agent is resumed", async () => {
      const { deps, ada, reports } = room;
      const { use } = await withToken();
      await suspendAgent(deps, ada.caller, { name: "planner" });
      assert.equal(await codeOf(callTool(deps, reports.caller, use)), "gone");
      await resumeAgent(deps, ada.caller, { name: "planner" });
      assert.equal(await codeOf(callTool(deps, reports.caller, use)), "gone");
    });

    test("under an expired token is refused", async () => {
      const { deps, reports } = room;
      const { use } = await withToken();
      deps.clock.advance(minutes(5));
      assert.equal(await codeOf(callTool(deps, reports.caller, use)), "gone");
    });
  });

  describe("a count", () => {
    test("of a token admits exactly so many, however many ask at once", async () => {
      const { deps, reports } = room;
      const { use } = await withToken(counted);
      const settled = await Promise.allSettled(
        Array.from({ length: 10 }, () => callTool(deps, reports.caller, use)),
      );
      const done = settled.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value.use] : []));
      assert.deepEqual(done.sort(), [1, 2, 3]);
    });

    test("of a delegation holds over all tokens that are made from it", async () => {
      const { deps, planner, reports } = room;
      const { edge, use } = await withToken(counted);
      const others = [await exchange(deps, planner, edge.id), await exchange(deps, planner, edge.id)];
      const uses = [use, ...others.map((token) => ({ ...use, jti: claimsIn(token).jti }))];
      const settled = await Promise.allSettled(
        Array.from({ length: 9 }, (_, i) => callTool(deps, reports.caller, uses[i % 3] ?? use)),
      );
      assert.equal(settled.filter(({ status }) => status === "fulfilled").length, 3);
    });

    test("holds between two servers", { skip: engine.name !== "postgres" }, async () => {
      const { deps, location, reports } = room;
      const other = { ...deps, ...more(), database: await openDatabase(deps, location, migrations) };
      try {
        for (const { use, most } of [
          { ...(await withToken(counted)), most: 3 },
          { ...(await withApproval()), most: 1 },
        ]) {
          const calls = Array.from({ length: 10 }, (_, i) =>
            callTool(i % 2 === 0 ? deps : other, reports.caller, use),
          );
          const settled = await Promise.allSettled(calls);
          assert.equal(settled.filter(({ status }) => status === "fulfilled").length, most);
        }
      } finally {
        await other.database.close();
      }
    });
  });

  describe("a return", () => {
    test("is told once for each call, also after the token has expired", async () => {
      const { deps, reports } = room;
      const { task, use } = await withToken();
      const first = await callTool(deps, reports.caller, use);
      const second = await callTool(deps, reports.caller, use);
      deps.clock.advance(minutes(6));
      const ends = await Promise.allSettled(
        Array.from({ length: 4 }, () => returnTool(deps, reports.caller, { ...use, outcome: "returned" })),
      );
      const ended = ends.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value.action] : []));
      assert.deepEqual(ended.sort(), [first.action, second.action].sort());
      const rows = await findEvents(deps.database, { task: task.id, type: "tool.returned", limit: 9 });
      assert.equal(rows.length, 2);
    });

    test("without its call is refused", async () => {
      const { deps, reports } = room;
      const { use } = await withToken();
      assert.equal(await codeOf(returnTool(deps, reports.caller, { ...use, outcome: "failed" })), "gone");
      await callTool(deps, reports.caller, use);
      const other = { ...use, args: { quarter: "Q2" }, outcome: "failed" as const };
      assert.equal(await codeOf(returnTool(deps, reports.caller, other)), "gone");
      await returnTool(deps, reports.caller, { ...use, outcome: "failed" });
    });
  });
});
