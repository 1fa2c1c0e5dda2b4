import assert from "node:assert/strict";
import { test } from "node:test";
import { findApproval } from "../approvals/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { begunTask, call, fault } from "../delegation/fixture.ts";
import type { RawRequest } from "../http/index.ts";
import { system } from "../lib/index.ts";
import { openMarket } from "../oauth/fixture.ts";
import { putPolicies } from "../policy/index.ts";
import { delegationsExtend } from "./delegate.ts";
import type { ServerDeps } from "./server-deps.ts";

const ASK = `@id("ask-first") @lift("manager") @reason("Ask first.")
forbid (principal, action == Action::"delegate", resource) when { context.delegate.to == "writer" };`;

forEachEngine((engine) => {
  test("an approved delegation is for the lifetime and the purpose that were asked for", async (t) => {
    const room = await openMarket(engine);
    t.after(() => room.close());
    const { deps, planner, mia } = room;
    await putPolicies(deps, system, [{ name: "ask-first", text: ASK }]);
    const { edge } = await begunTask(deps, room);
    const body = { edge: edge.id, to: "writer", grants: [call("reports/read", { open_args: true })] };
    const askFor = async (more: { expires_in?: number; purpose: string }) => {
      const input = { params: undefined, query: undefined, request: {} as RawRequest };
      const given = { ...input, body: { ...body, ...more } };
      const refusal = await fault(
        delegationsExtend.handle(deps as unknown as ServerDeps, planner.caller, given),
      );
      assert.equal(refusal.code, "approval-required");
      return String(refusal.members.approval);
    };
    const short = await askFor({ expires_in: 60, purpose: "a draft" });
    assert.equal(await askFor({ expires_in: 60, purpose: "a draft" }), short);
    assert.notEqual(await askFor({ expires_in: 600, purpose: "a draft" }), short);
    assert.notEqual(await askFor({ purpose: "a draft" }), short);
    assert.notEqual(await askFor({ expires_in: 60, purpose: "all of it" }), short);
    const shown = (await findApproval(deps, mia.caller, short)).request.asked.args.delegate;
    const { expires_in, purpose } = shown as { expires_in: unknown; purpose: unknown };
    assert.deepEqual([expires_in, purpose], [60, "a draft"]);
  });
});
