import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { forEachEngine, type TestEngine } from "../audit/test-databases.ts";
import {
  type AuthzenDeps,
  DecisionIds,
  DecisionLog,
  evaluate,
  LiveApplications,
  search,
} from "../authzen/index.ts";
import { begunTask, call, passOn, quarters, run } from "../delegation/fixture.ts";
import { closeTask } from "../delegation/index.ts";
import type { Caller } from "../lib/index.ts";
import { system } from "../lib/index.ts";
import { openMarket } from "../oauth/fixture.ts";
import { questionOf } from "../oauth/index.ts";
import { replacePolicies } from "../policy/index.ts";
import { suspendAgent, updateAgent } from "../registry/index.ts";

const POLICIES = {
  name: "all",
  text: `
@id("calls") @reason("Agents call what their authority covers.") @log("full")
permit (principal is Agent, action in Action::"call", resource);
@id("publishing-needs-the-manager") @lift("manager") @reason("The manager must say yes.")
forbid (principal, action == Action::"reports/publish", resource);
@id("not-the-fourth-quarter") @reason("The fourth quarter is not over.")
forbid (principal, action == Action::"reports/read", resource)
when { context.args has quarter && context.args.quarter == "Q4" };
`,
  tests: `
tools:
  example/read: { labels: [read] }
tests:
  - name: what is not covered is not allowed
    given: { tool: example/read, covered: false }
    expect: { verdict: deny, reasons: [authority-not-covered] }
`,
};

async function open(engine: TestEngine) {
  const market = await openMarket(engine);
  const { deps: base } = market;
  const deps: AuthzenDeps = {
    ...base,
    applications: new LiveApplications(base),
    answers: new DecisionLog(base),
    decisionIds: new DecisionIds(base),
    callQuestion: (on, grant) => questionOf(base, on, grant),
  };
  await replacePolicies(deps, system, [POLICIES]);
  const close = async (): Promise<void> => {
    deps.applications.close();
    await deps.answers.close();
    await market.close();
  };
  return { ...market, deps, close };
}

forEachEngine((engine) => {
  let room: Awaited<ReturnType<typeof open>>;
  before(async () => {
    room = await open(engine);
  });
  after(() => room.close());

  interface Answer {
    decision: boolean;
    context: { reason?: string; missing?: string[]; decision_id?: string; obligations?: unknown };
  }

  const ask = async (
    caller: Caller,
    tool: string,
    context: object = {},
    subject: object = { id: "planner" },
  ): Promise<Answer> => {
    const question = {
      subject: { type: "agent", id: "", ...subject },
      action: { name: "tools/call" },
      resource: { type: "tool", id: tool },
      context: { ...context },
    };
    return JSON.parse(await evaluate(room.deps, caller, { question, text: "{}", application: undefined }));
  };
  const why = async (...asked: Parameters<typeof ask>): Promise<string> => {
    const { decision, context } = await ask(...asked);
    return decision ? "yes" : (context.reason ?? "");
  };

  describe("Countersign's own answer", () => {
    test("is that of its policies, with their obligations, and is on record", async () => {
      const { reports } = room;
      const answer = await ask(reports.caller, "reports/read", { args: { quarter: "Q3" } });
      assert.equal(answer.decision, true);
      assert.match(answer.context.decision_id ?? "", /^decision_/);
      assert.deepEqual(answer.context.obligations, [
        { id: "calls/log", type: "log", properties: { value: "full" } },
      ]);
      assert.equal(
        await why(reports.caller, "reports/read", { args: { quarter: "Q4" } }),
        "not-the-fourth-quarter",
      );
    });

    test("is no with what is missing where a person must say yes, and nobody is asked", async () => {
      const { deps, reports } = room;
      const answer = await ask(reports.caller, "reports/publish", { args: { quarter: "Q1" } });
      assert.deepEqual(
        [answer.decision, answer.context.reason, answer.context.missing],
        [false, "approval_required", ["manager"]],
      );
      const asked = await deps.database
        .tables<{ approval: { id: string } }>()
        .selectFrom("approval")
        .selectAll()
        .execute();
      assert.deepEqual(asked, []);
    });

    test("is no for arguments that the agent's rights do not cover, and for any at all where none are named", async () => {
      const { reports } = room;
      assert.equal(await why(reports.caller, "reports/write", { args: { quarter: "Q1" } }), "yes");
      assert.equal(
        await why(reports.caller, "reports/write", { args: { quarter: "Q9" } }),
        "authority-not-covered",
      );
      assert.equal(await why(reports.caller, "reports/write"), "authority-not-covered");
      assert.equal(await why(reports.caller, "reports/write", { args: ["Q1"] }), "arguments-do-not-fit");
    });

    test("counts nothing that the caller says of the agent", async () => {
      const { reports } = room;
      const subject = {
        id: "planner",
        properties: { strength: "hardware-bound", grants: ["*"], class: "x" },
      };
      assert.equal(
        await why(reports.caller, "reports/write", { args: { quarter: "Q9" } }, subject),
        "authority-not-covered",
      );
    });

    test("under a delegation is the delegation's: narrower, the agent's own, and gone when it ends", async () => {
      const { deps, reports, planner, pat } = room;
      const { task, edge } = await begunTask(deps, room);
      const grants = [call("reports/write", quarters("Q1"))];
      const second = await passOn(deps, planner, { edge: edge.id, to: "writer", grants });
      const under = (quarter: string, name = "writer") =>
        why(reports.caller, "reports/write", { args: { quarter }, delegation: second.id }, { id: name });
      assert.equal(await under("Q1"), "yes");
      assert.equal(await under("Q2"), "authority-not-covered");
      assert.equal(await under("Q1", "publisher"), "delegation-does-not-hold");
      await closeTask(deps, pat.caller, { task: task.id });
      assert.equal(await under("Q1"), "delegation-does-not-hold");
    });

    test("is for the service that serves the tool; what it does not serve and what is not there look the same", async () => {
      const { reports, desk } = room;
      const foreign = await ask(reports.caller, "ledger/read");
      const unknown = await ask(reports.caller, "ledger/nothing");
      assert.deepEqual(foreign, unknown);
      assert.equal(foreign.context.reason, "not-yours-to-ask");
      assert.equal(await why(desk.caller, "reports/read"), "not-yours-to-ask");
    });

    test("tells a service nothing of agents that have no right there", async () => {
      const { deps, ada, reports } = room;
      await updateAgent(deps, ada.caller, { name: "publisher", update: { grants: [call("ledger/read")] } });
      const known = await ask(reports.caller, "reports/read", {}, { id: "publisher" });
      assert.deepEqual(known, await ask(reports.caller, "reports/read", {}, { id: "no-such-agent" }));
      assert.equal(known.context.reason, "no-authority");
    });

    test("is given to an agent about itself alone, and to who administers about all", async () => {
      const { ada, pat, writer, planner } = room;
      const args = { args: { quarter: "Q3" } };
      assert.equal(await why(planner.caller, "reports/read", args), "yes");
      assert.equal(await why(writer.caller, "reports/read", args), "not-yours-to-ask");
      assert.equal(await why(ada.caller, "ledger/read", args), "yes");
      assert.equal(await why(pat.caller, "reports/read", args), "not-yours-to-ask");
    });

    test("is about a running copy: with two of them one must be named, and it must be the agent's own", async () => {
      const { deps, reports, planner, writer } = room;
      const another = await run(deps, { agent: "planner" });
      const asked = (instance?: string) => why(reports.caller, "reports/read", { args: {}, instance });
      assert.equal(await asked(), "instance-unknown");
      assert.equal(await asked(another.instance.id), "yes");
      assert.equal(await asked(planner.instance.id), "yes");
      assert.equal(await asked(writer.instance.id), "instance-unknown");
      assert.equal(await asked("spiffe://elsewhere/agent/planner/1"), "instance-unknown");
    });

    test("the tool itself may be the action, at itself or at its server", async () => {
      const { deps, reports, writer } = room;
      const asked = async (name: string, resource: object): Promise<string> => {
        const question = {
          subject: { type: "agent", id: "writer" },
          action: { name },
          resource: { type: "", id: "", ...resource },
          context: { args: {} },
        };
        const answer = await evaluate(deps, reports.caller, { question, text: "{}", application: undefined });
        const { decision, context } = JSON.parse(answer) as Answer;
        return decision ? "yes" : (context.reason ?? "");
      };
      assert.ok(writer);
      assert.equal(await asked("reports/read", { type: "server", id: "reports" }), "yes");
      assert.equal(await asked("reports/read", { type: "tool", id: "reports/read" }), "yes");
      assert.equal(
        await asked("reports/read", { type: "tool", id: "reports/write" }),
        "resource-does-not-fit",
      );
      assert.equal(await asked("reports/read", { type: "server", id: "ledger" }), "resource-does-not-fit");
      assert.equal(await asked("reports/nothing", { type: "server", id: "reports" }), "not-yours-to-ask");
    });

    test("a search finds the tools that an agent may call, of those that one may ask about", async () => {
      const { deps, reports, ada } = room;
      const question = {
        subject: { type: "agent", id: "writer" },
        action: { name: "tools/call" },
        resource: { type: "tool" },
        context: { args: { quarter: "Q1" } },
      };
      const found = async (caller: Caller) =>
        (
          await search(deps, caller, "resource", { question, text: "{}", application: undefined })
        ).results.map((result) => ("id" in result ? result.id : ""));
      assert.deepEqual(await found(reports.caller), ["reports/read", "reports/write"]);
      assert.deepEqual(await found(ada.caller), ["ledger/read", "reports/read", "reports/write"]);
    });

    test("a suspended agent has no rights, whoever asks", async () => {
      const { deps, ada, reports } = room;
      await suspendAgent(deps, ada.caller, { name: "writer" });
      assert.equal(await why(reports.caller, "reports/read", {}, { id: "writer" }), "no-authority");
      assert.equal(await why(ada.caller, "reports/read", {}, { id: "writer" }), "no-authority");
    });
  });
});
