import assert from "node:assert/strict";
import { perform } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import type { Allow } from "../lib/index.ts";
import type { Question } from "../policy/index.ts";
import type { ApprovalsDeps } from "./approvals-deps.ts";
import { authorize } from "./authorize.ts";
import { agentCaller, answer, asked, callFor, fault, promisesOn, put } from "./fixture.ts";

const BY_DEPTH = `@id("third-level") @lift("manager") @reason("A third level needs the manager.")
forbid (principal, action == Action::"delegate", resource)
when { context has delegate && context.delegate.depth == 3 };
@id("fourth-level") @lift("approval(1 of finance)") @reason("A fourth level needs finance.")
forbid (principal, action == Action::"delegate", resource)
when { context has delegate && context.delegate.depth == 4 };
@id("no-fifth-level") @reason("Nothing is passed on five times.")
forbid (principal, action == Action::"delegate", resource)
when { context has delegate && context.delegate.depth >= 5 };`;

forEachEngine((engine) => {
  const promise = promisesOn(engine);

  promise(
    "each further level of delegation can need its own yes, and one level's is none for the next",
    async (company) => {
      const { deps, pat, mia, fay } = company;
      await put(deps, { name: "delegation-depth", text: BY_DEPTH });
      const delegate = async (depth: number): Promise<Allow<"delegate">> => {
        const { tool: _tool, ...question } = await callFor(deps, pat);
        const asking = {
          ...(question as Question),
          action: "delegate",
          args: {},
          resource: { location: deps.issuer, name: "countersign" },
          delegate: { to: "helper", toClass: "reporting", grants: ["reports/publish"], depth },
        } as const;
        return attempt(deps, asking);
      };
      assert.equal((await delegate(2)).verdict, "allow");
      await answer(deps, mia, await asked(delegate(3)));
      assert.deepEqual((await delegate(3)).receipts.length, 1);
      const fourth = await asked(delegate(4));
      assert.equal((await fault(answer(deps, mia, fourth))).code, "not-found");
      await answer(deps, fay, fourth);
      assert.deepEqual((await delegate(4)).policies.includes("fourth-level"), true);
      assert.equal((await fault(delegate(5))).code, "denied");
    },
  );
});

const attempt = (
  deps: ApprovalsDeps,
  question: Question & { action: "delegate" },
): Promise<Allow<"delegate">> =>
  perform(deps, agentCaller, "delegation.extend", (change) => authorize(deps, change, agentCaller, question));
