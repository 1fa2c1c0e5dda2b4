import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { signCompact } from "@countersign/proof/jws";
import { findEvents } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import {
  begunTask,
  call,
  codeOf,
  fault,
  passOn,
  quarters,
  type Running,
  run,
} from "../delegation/fixture.ts";
import { closeTask, delegationTokenFor, endDelegation } from "../delegation/index.ts";
import { Fault, minutes } from "../lib/index.ts";
import { resumeAgent, suspendAgent } from "../registry/index.ts";
import { ask, exchange, exchangeForm, openMarket, ownToken } from "./fixture.ts";

type Opened = Awaited<ReturnType<typeof openMarket>>;

const write = [call("reports/write", quarters("Q1", "Q2"))];

forEachEngine((engine) => {
  let room: Opened;
  before(async () => {
    room = await openMarket(engine);
  });
  after(() => room.close());

  describe("splicing", () => {
    async function twoChains() {
      const { deps, planner } = room;
      const { edge } = await begunTask(deps, room);
      const toWriter = await passOn(deps, planner, { edge: edge.id, to: "writer", grants: write });
      const toPublisher = await passOn(deps, planner, { edge: edge.id, to: "publisher", grants: write });
      return { edge, toWriter, toPublisher };
    }

    test("another agent's ticket with one's own actor token is refused", async () => {
      const { deps, planner, writer, publisher } = room;
      const { edge, toPublisher } = await twoChains();
      const form = await exchangeForm(deps, publisher, toPublisher.id);
      const spliced = { ...form, actor_token: await ownToken(deps, writer) };
      assert.equal(await codeOf(ask(deps, writer, spliced)), "invalid-request");
      const above = {
        ...form,
        subject_token: (await delegationTokenFor(deps, planner.caller, { edge: edge.id })).token,
      };
      const asWriter = { ...above, actor_token: await ownToken(deps, writer) };
      assert.equal(await codeOf(ask(deps, writer, asWriter)), "invalid-request", "nor one from above");
    });

    test("one's own ticket with another agent's actor token is refused", async () => {
      const { deps, writer, publisher } = room;
      const { toWriter } = await twoChains();
      const form = await exchangeForm(deps, writer, toWriter.id);
      const spliced = { ...form, actor_token: await ownToken(deps, publisher) };
      assert.equal(await codeOf(ask(deps, writer, spliced)), "invalid-request");
      assert.equal(await codeOf(ask(deps, publisher, form)), "invalid-request", "whoever sends them");
    });

    test("the actor token of another copy of the same agent is refused", async () => {
      const { deps, writer } = room;
      const { toWriter } = await twoChains();
      const copy = await run(deps, { agent: "writer" });
      const form = await exchangeForm(deps, writer, toWriter.id);
      const spliced = { ...form, actor_token: await ownToken(deps, copy) };
      assert.equal(await codeOf(ask(deps, writer, spliced)), "invalid-request");
    });

    test("a delegated token is no actor token", async () => {
      const { deps, planner } = room;
      const { edge } = await twoChains();
      const { access_token } = await exchange(deps, planner, edge.id, write);
      const form = { ...(await exchangeForm(deps, planner, edge.id)), actor_token: access_token };
      assert.equal(await codeOf(ask(deps, planner, form)), "invalid-request");
    });

    test("a ticket that somebody else signed is refused, and tokens do not pass for tickets", async () => {
      const { deps, planner } = room;
      const { edge } = await twoChains();
      const form = await exchangeForm(deps, planner, edge.id);
      const [, payload = ""] = (form.subject_token ?? "").split(".");
      const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
      const forged = (key: Running["key"], kid: string) =>
        signCompact({ header: { typ: "delegation+jwt", kid }, payload: claims, key });
      const tokenKey = deps.keys.signer("token");
      for (const subject_token of [
        forged(planner.key, "mine"),
        forged(planner.key, deps.keys.signer("delegation").kid),
        forged(tokenKey.key, tokenKey.kid),
        String(form.actor_token),
        "nonsense",
      ]) {
        assert.equal(await codeOf(ask(deps, planner, { ...form, subject_token })), "invalid-request");
      }
    });

    test("a service has no delegations to exchange", async () => {
      const { deps, planner, reports } = room;
      const { edge } = await twoChains();
      const form = await exchangeForm(deps, planner, edge.id);
      assert.equal(await codeOf(ask(deps, reports, form)), "unauthorized-client");
    });
  });

  describe("after the end", () => {
    test("of the task no ticket makes a token, though its signature is good", async () => {
      const { deps, desk, planner } = room;
      const { task, edge } = await begunTask(deps, room);
      const form = await exchangeForm(deps, planner, edge.id, write);
      await closeTask(deps, desk.caller, { task: task.id });
      const refusal = await fault(ask(deps, planner, form));
      assert.deepEqual(
        [refusal.code, refusal.record.about],
        ["gone", { task: task.id, agent: "planner", person: room.pat.id }],
      );
    });

    test("of an edge above no ticket makes a token", async () => {
      const { deps, planner, writer, publisher } = room;
      const { edge } = await begunTask(deps, room);
      const second = await passOn(deps, planner, { edge: edge.id, to: "writer", grants: write });
      const third = await passOn(deps, writer, { edge: second.id, to: "publisher", grants: write });
      const form = await exchangeForm(deps, publisher, third.id);
      await endDelegation(deps, planner.caller, { edge: second.id });
      assert.equal(await codeOf(ask(deps, publisher, form)), "gone");
    });

    test("of its time an expired ticket is refused", async () => {
      const { deps, planner } = room;
      const { edge } = await begunTask(deps, room, { expiresIn: minutes(1) });
      const { token } = await delegationTokenFor(deps, planner.caller, { edge: edge.id });
      deps.clock.advance(minutes(1));
      const other = await begunTask(deps, room);
      const form = await exchangeForm(deps, planner, other.edge.id);
      assert.equal(await codeOf(ask(deps, planner, { ...form, subject_token: token })), "invalid-request");
    });

    test("an agent suspended in the middle of the chain stops the one at its end", async () => {
      const { deps, ada, planner, writer, publisher } = room;
      const { edge } = await begunTask(deps, room);
      const second = await passOn(deps, planner, { edge: edge.id, to: "writer", grants: write });
      const third = await passOn(deps, writer, { edge: second.id, to: "publisher", grants: write });
      const form = await exchangeForm(deps, publisher, third.id);
      await suspendAgent(deps, ada.caller, { name: "writer" });
      const refusal = await fault(ask(deps, publisher, form));
      assert.deepEqual(
        [refusal.code, refusal.message],
        ["invalid-request", "The agent writer is suspended."],
      );
      await resumeAgent(deps, ada.caller, { name: "writer" });
    });
  });

  test("a refused exchange is on record with its agent, task and decision", async () => {
    const { deps, planner } = room;
    const { task, edge } = await begunTask(deps, room);
    await assert.rejects(exchange(deps, planner, edge.id, [call("reports/delete")]), Fault);
    const rows = await findEvents(deps.database, { task: task.id, type: "request.refused", limit: 10 });
    assert.equal(rows.length, 1);
    const event = JSON.parse(rows[0]?.body ?? "");
    assert.equal(event.about.agent, "planner");
    assert.ok(event.body.details.decision);
  });
});
