import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { forEachEngine } from "../audit/test-databases.ts";
import { begunTask, call, fault, quarter, quarters, REPORTS } from "../delegation/fixture.ts";
import { system } from "../lib/index.ts";
import { putPolicies } from "../policy/index.ts";
import { ask, exchange, openMarket } from "./fixture.ts";

type Opened = Awaited<ReturnType<typeof openMarket>>;

const scope = (tool: string): string => `principal, action == Action::"${tool}", resource`;
const reads = 'context.args has quarter && context.args.quarter == "Q3"';

const RULES = [
  `@id("not-the-third") @reason("Not the third quarter.") forbid (${scope("reports/write")}) when { ${reads} };`,
  `@id("read-third") @reason("Ask.") @lift("manager") forbid (${scope("reports/read")}) when { ${reads} };`,
];

/** Each leaves the agent to choose the quarter that policy speaks of. */
const open: [string, object][] = [
  ["one of several values", quarters("Q2", "Q3")],
  ["one of a single value", quarters("Q3")],
  ["an optional value", { args: { quarter: { op: "eq", value: "Q2", optional: true } } }],
];

forEachEngine((engine) => {
  let room: Opened;
  before(async () => {
    room = await openMarket(engine);
    await putPolicies(room.deps, system, [{ name: "quarters", text: RULES.join("\n") }]);
  });
  after(() => room.close());

  /** Which reasons an exchange is denied for. */
  async function reasonsFor(grant: object, tool = "reports/write"): Promise<string[]> {
    const { deps, planner } = room;
    const { edge } = await begunTask(deps, room);
    const refusal = await fault(exchange(deps, planner, edge.id, [call(tool, grant)]));
    assert.equal(refusal.code, "access-denied");
    if (refusal.message.includes("left open")) assert.match(refusal.message, /pin it to one value \(eq\)/);
    return (refusal.members.policies as { id: string }[]).map(({ id }) => id);
  }

  describe("a policy that reads an argument is not passed by leaving the argument open", () => {
    for (const [what, grant] of open) {
      test(`to ${what}`, async () => {
        assert.ok((await reasonsFor(grant)).includes("argument-not-exact"));
      });
    }

    test("with any further argument allowed", async () => {
      assert.deepEqual(await reasonsFor({ open_args: true }, "reports/read"), ["argument-not-exact"]);
    });

    test("on an agent's own authority", async () => {
      const { deps, writer } = room;
      const form = {
        grant_type: "client_credentials",
        resource: REPORTS,
        authorization_details: JSON.stringify([call("reports/write", quarters("Q2", "Q3"))]),
      };
      assert.equal((await fault(ask(deps, writer, form))).code, "access-denied");
    });

    test("and decides about the value once it is pinned", async () => {
      const { deps, planner } = room;
      assert.deepEqual(await reasonsFor(quarter("Q3")), ["not-the-third"]);
      const { edge } = await begunTask(deps, room);
      await exchange(deps, planner, edge.id, [call("reports/write", quarter("Q2"))]);
      const asks = exchange(deps, planner, edge.id, [call("reports/read", quarter("Q3"))]);
      assert.equal((await fault(asks)).code, "authorization-pending");
    });

    test("and does not hinder what no policy reads", async () => {
      const { deps, planner } = room;
      const { edge } = await begunTask(deps, room);
      const publish = [call("reports/publish", quarter("Q2"))];
      assert.equal((await fault(exchange(deps, planner, edge.id, publish))).code, "authorization-pending");
    });
  });
});
