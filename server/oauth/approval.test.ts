import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { answer } from "../approvals/fixture.ts";
import { findEvents } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { begunTask, call, codeOf, fault, LEDGER, passOn, quarter, quarters } from "../delegation/fixture.ts";
import { hours, minutes, seconds, system } from "../lib/index.ts";
import { putPolicies } from "../policy/index.ts";
import { updateAgent } from "../registry/index.ts";
import { ask, claimsIn, exchange, exchangeForm, openMarket } from "./fixture.ts";

type Opened = Awaited<ReturnType<typeof openMarket>>;

const write = [call("reports/write", quarters("Q1", "Q2"))];
const publish = [call("reports/publish", quarter("Q1"))];

forEachEngine((engine) => {
  let room: Opened;
  before(async () => {
    room = await openMarket(engine);
  });
  after(() => room.close());

  describe("an approval", () => {
    test("is asked for, polled for, given by the manager, and makes a token for one exact call", async () => {
      const { deps, mia, planner } = room;
      const { edge } = await begunTask(deps, room);
      const asked = await fault(exchange(deps, planner, edge.id, publish));
      assert.equal(asked.code, "authorization-pending");
      const { approval, interval } = asked.members as { approval: string; interval: number };
      assert.equal(await codeOf(exchange(deps, planner, edge.id, publish)), "slow-down");
      deps.clock.advance(seconds(interval));
      assert.equal(await codeOf(exchange(deps, planner, edge.id, publish)), "authorization-pending");
      await answer(deps, mia, approval);
      const answered = await exchange(deps, planner, edge.id, publish);
      assert.deepEqual(answered.authorization_details, [{ ...publish[0], max_uses: 1 }]);
      assert.equal(claimsIn(answered).approval, approval);
      assert.equal(await codeOf(exchange(deps, planner, edge.id, publish)), "conflict", "one token holds it");
    });

    test("that nobody gave in time is told in the flow, once, and asked for anew", async () => {
      const { deps, planner } = room;
      const { edge } = await begunTask(deps, room, { deadlineIn: hours(4), expiresIn: hours(4) });
      const { approval } = (await fault(exchange(deps, planner, edge.id, publish))).members;
      deps.clock.advance(minutes(60));
      const told = await fault(exchange(deps, planner, edge.id, publish));
      assert.deepEqual([told.code, told.members.approval], ["expired-token", approval]);
      const asked = await fault(exchange(deps, planner, edge.id, publish));
      assert.equal(asked.code, "authorization-pending");
      assert.notEqual(asked.members.approval, approval);
    });

    test("carries one grant of a token, not two", async () => {
      const { deps, mia, planner } = room;
      const { edge } = await begunTask(deps, room);
      const { approval } = (await fault(exchange(deps, planner, edge.id, publish))).members;
      await answer(deps, mia, String(approval));
      const twice = [...publish, ...publish];
      assert.equal(await codeOf(exchange(deps, planner, edge.id, twice)), "invalid-authorization-details");
      await exchange(deps, planner, edge.id, publish);
    });

    test("makes one token, however many ask at once", async () => {
      const { deps, mia, planner } = room;
      const { edge } = await begunTask(deps, room);
      const { approval } = (await fault(exchange(deps, planner, edge.id, publish))).members;
      await answer(deps, mia, String(approval));
      const all = Array.from({ length: 8 }, () => exchange(deps, planner, edge.id, publish));
      const settled = await Promise.allSettled(all);
      assert.equal(settled.filter(({ status }) => status === "fulfilled").length, 1);
    });

    test("is never asked for a call that is left open: nobody can sign what is not said", async () => {
      const { deps, planner } = room;
      const before = await findEvents(deps.database, { type: "approval.requested", limit: 200 });
      const open = [call("reports/publish", quarters("Q1", "Q2"))];
      const { edge } = await begunTask(deps, room, { grants: open });
      const refusal = await fault(exchange(deps, planner, edge.id, open));
      assert.ok(["invalid-authorization-details", "access-denied"].includes(refusal.code), refusal.code);
      const after = await findEvents(deps.database, { type: "approval.requested", limit: 200 });
      assert.equal(after.length, before.length);
    });

    test("refused by the manager is the end of it", async () => {
      const { deps, mia, planner } = room;
      const { edge } = await begunTask(deps, room);
      const { approval } = (await fault(exchange(deps, planner, edge.id, publish))).members;
      await answer(deps, mia, String(approval), "deny");
      assert.equal(await codeOf(exchange(deps, planner, edge.id, publish)), "access-denied");
    });

    test("that an agent's record demands and no policy asks for is not given silently either", async () => {
      const { deps, ada, planner, writer } = room;
      const rules = { delegate_to: ["writer", "publisher"], max_depth: 4, shared: true as const };
      const { edge } = await begunTask(deps, room);
      const second = await passOn(deps, planner, { edge: edge.id, to: "writer", grants: write });
      const demand = async (needs_person: string[]) =>
        updateAgent(deps, ada.caller, {
          name: "planner",
          update: { delegation: { ...rules, needs_person } },
        });
      await demand(["reports/write"]);
      const exact = [call("reports/write", quarter("Q1"))];
      assert.equal(await codeOf(exchange(deps, writer, second.id, exact)), "access-denied");
      await demand([]);
      await exchange(deps, writer, second.id, exact);
    });

    test("that the delegation demands and no policy asks for is not given silently", async () => {
      const { deps, planner } = room;
      const grants = [call("reports/write", { ...quarter("Q1"), approval: "required" })];
      const { edge } = await begunTask(deps, room, { grants });
      assert.equal(await codeOf(exchange(deps, planner, edge.id)), "access-denied");
    });
  });

  test("conditions that no token can enforce are no permission", async () => {
    const { deps, planner } = room;
    const scope = 'principal, action == Action::"ledger/read", resource';
    const text = `@id("masked") @reason("Masked.") @mask("amount") permit (${scope});`;
    await putPolicies(deps, system, [{ name: "masked", text }]);
    const { edge } = await begunTask(deps, room);
    const form = await exchangeForm(deps, planner, edge.id, [call("ledger/read", { open_args: true })]);
    assert.equal(await codeOf(ask(deps, planner, { ...form, resource: LEDGER })), "access-denied");
    await exchange(deps, planner, edge.id, write);
  });
});
