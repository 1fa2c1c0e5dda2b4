import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { forEachEngine } from "../audit/test-databases.ts";
import {
  ALL,
  agent,
  begunTask,
  call,
  codeOf,
  fault,
  passOn,
  quarters,
  type Running,
} from "../delegation/fixture.ts";
import { defineGroup, updateAgent } from "../registry/index.ts";
import { exchange, openMarket } from "./fixture.ts";

const write = [call("reports/write", quarters("Q1"))];
const less = [call("reports/read", { open_args: true })];
const NAMES = ["hop-1", "hop-2", "hop-3", "hop-4"];

forEachEngine((engine) => {
  let room: Awaited<ReturnType<typeof openMarket>>;
  let copies: Running[];
  before(async () => {
    room = await openMarket(engine);
    copies = [];
    for (const [at, name] of NAMES.entries())
      copies.push(await agent(room.deps, room.ada, name, NAMES.slice(at + 1), 8));
  });
  after(() => room.close());

  const copy = (at: number): Running => copies[at] ?? assert.fail();
  const rules = (at: number, more: object = {}) => ({
    delegate_to: NAMES.slice(at + 1),
    max_depth: 8,
    needs_person: [],
    shared: true as const,
    ...more,
  });
  const say = (at: number, update: object) =>
    updateAgent(room.deps, room.ada.caller, { name: NAMES[at] ?? "", update });

  /** A chain of three hops, held by the third agent, with a place for a fourth. */
  async function chain() {
    const { deps } = room;
    const { edge } = await begunTask(deps, room, { agent: "hop-1", grants: write, maxDepth: 8 });
    const second = await passOn(deps, copy(0), { edge: edge.id, to: "hop-2", grants: write });
    const third = await passOn(deps, copy(1), { edge: second.id, to: "hop-3", grants: write });
    return {
      token: () => exchange(deps, copy(2), third.id, write),
      further: () => passOn(deps, copy(2), { edge: third.id, to: "hop-4", grants: write }),
    };
  }

  const lost: [string, (at: number) => object, number[]][] = [
    ["whom it may delegate to", (at) => ({ delegation: rules(at, { delegate_to: [] }) }), [0, 1]],
    ["what it may pass on", (at) => ({ delegation: rules(at, { grants: less }) }), [0, 1]],
    ["how deep a chain through it may be", (at) => ({ delegation: rules(at, { max_depth: 2 }) }), [0, 1, 2]],
    ["its ceiling", (at) => ({ grants: less, delegation: rules(at, { grants: less }) }), [0, 1, 2]],
  ];
  describe("what the registry says of an agent holds at every hop, also after the chain was made", () => {
    for (const [what, update, hops] of lost) {
      for (const at of hops) {
        test(`${what}, of the agent at hop ${at + 1}: no token for the chain's end and no further hop`, async () => {
          const { token, further } = await chain();
          await token();
          await say(at, update(at));
          assert.equal(await codeOf(token()), "access-denied");
          assert.equal(await codeOf(further()), "denied");
          await say(at, { grants: ALL, delegation: rules(at) });
          await token();
          await further();
        });
      }
    }

    for (const at of [0, 1, 2]) {
      test(`that a person must say yes, of the agent at hop ${at + 1}: none without her`, async () => {
        const { token } = await chain();
        await say(at, { delegation: rules(at, { needs_person: ["reports/write"] }) });
        const refusal = await fault(token());
        assert.equal(refusal.code, "invalid-authorization-details");
        assert.match(refusal.message, /A person must approve this call/);
        await say(at, { delegation: rules(at) });
        await token();
      });
    }

    test("and what the person has to give", async () => {
      const { deps, ada } = room;
      const { token, further } = await chain();
      await defineGroup(deps, ada.caller, { name: "reporting", grants: less });
      assert.equal(await codeOf(token()), "access-denied");
      assert.equal(await codeOf(further()), "denied");
      await defineGroup(deps, ada.caller, { name: "reporting", grants: ALL });
      await further();
    });
  });

  test("no agent stands twice in a chain: not itself, not whoever is above it, at no depth", async () => {
    const { deps } = room;
    await say(2, { delegation: rules(2, { delegate_to: NAMES }) });
    const { edge } = await begunTask(deps, room, { agent: "hop-1", grants: write, maxDepth: 8 });
    const second = await passOn(deps, copy(0), { edge: edge.id, to: "hop-2", grants: write });
    const third = await passOn(deps, copy(1), { edge: second.id, to: "hop-3", grants: write });
    for (const to of ["hop-1", "hop-2", "hop-3"]) {
      const refusal = await fault(passOn(deps, copy(2), { edge: third.id, to, grants: write }));
      assert.deepEqual([refusal.code, refusal.message], ["denied", `${to} is in this chain already.`]);
    }
  });
});
