import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { answer } from "../approvals/fixture.ts";
import { type FactSource, FactsAtHand } from "../approvals/index.ts";
import { findEvents } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { defineTool, findServer, findTool, type ToolDefinition } from "../catalog/index.ts";
import { openDatabase } from "../database/index.ts";
import {
  agent,
  begunTask,
  call,
  codeOf,
  fault,
  LEDGER,
  passOn,
  quarters,
  REPORTS,
  type Running,
  run,
} from "../delegation/fixture.ts";
import { closeTask, historyFor, windowsFor } from "../delegation/index.ts";
import { minutes, system } from "../lib/index.ts";
import { replacePolicies, shippedPolicies } from "../policy/index.ts";
import { registerService, updateAgent } from "../registry/index.ts";
import { ask, claimsIn, exchange, exchangeForm, migrations, more, openMarket } from "./fixture.ts";
import { callTool, type ReportedCall } from "./use-token.ts";

type Opened = Awaited<ReturnType<typeof openMarket>>;

const read = [call("reports/read", { open_args: true })];
const write = [call("reports/write", quarters("Q1", "Q2"))];

/** Of the shipped policies those that let anything happen; what they forbid besides is not asked here. */
const BASE = ["delegate-within", "delegated-calls", "standing-calls", "people"];

const MOST = 10;
let ledgers = 0;

const scope = (tool: string): string => `principal, action == Action::"${tool}", resource`;
const RULES = {
  leak: `@id("no-leak") @reason("Customer data stays inside.") forbid (${scope("reports/write")})
         unless { context has history && !context.history.labels.contains("customer-data") };`,
  taint: `@id("no-injection") @reason("It was read outside.") forbid (${scope("reports/write")})
         unless { context has history && !context.history.untrusted };`,
  often: `@id("not-so-often") @reason("Too many calls.") forbid (${scope("reports/write")})
         unless { context has window && context.window has agent_minute && context.window.agent_minute < ${MOST} };`,
  sum: `@id("not-so-much") @reason("Too much in all.") forbid (${scope("reports/read")})
         unless { context has history && context.history.amount.lessThan(decimal("100.0")) };`,
  named: `@id("unnamed") @reason("No quarter.") forbid (${scope("reports/read")})
         when { context.args has quarter };`,
  manager: `@id("ask-first") @lift("manager") @reason("Ask.") forbid (${scope("reports/write")});`,
  third: `@id("no-writing") @reason("Not now.") forbid (${scope("reports/write")});`,
};

forEachEngine((engine) => {
  let room: Opened;
  before(async () => {
    room = await openMarket(engine);
    await repin("ledger", "read", { untrusted: true });
    await repin("reports", "read", {
      data: ["customer-data"],
      inputSchema: {
        type: "object",
        properties: { quarter: { type: "string" }, amount: { type: "number" } },
      },
      amount: { argument: "amount", currency: "EUR" },
    });
  });
  after(() => room.close());

  async function repin(server: string, name: string, said: Partial<ToolDefinition>): Promise<void> {
    const { deps, ada } = room;
    const { identifier: _, digest, ...pinned } = (await findTool(deps, `${server}/${name}`)) ?? assert.fail();
    await defineTool(deps, ada.caller, { definition: { ...pinned, ...said }, replaces: digest });
  }

  const base = async () => (await shippedPolicies()).filter(({ name }) => BASE.includes(name));

  /** These rules decide what may not happen. */
  const decideBy = async (...rules: (keyof typeof RULES)[]) =>
    replacePolicies(room.deps, system, [
      ...(await base()),
      ...rules.map((name) => ({ name, text: RULES[name] })),
    ]);

  /** A copy of an agent of its own, with a token for a task. */
  async function withToken(grants = write) {
    const { deps } = room;
    const copy = await run(deps, { agent: "planner" });
    const { task, edge } = await begunTask(deps, room);
    return { copy, task, edge, use: useOf(claimsIn(await exchange(deps, copy, edge.id, grants)), grants) };
  }

  const useOf = ({ jti }: { jti: string }, grants = write): ReportedCall => ({
    jti,
    tool: String(grants[0]?.identifier),
    args: { quarter: "Q1" },
  });

  /** The policies that a call is refused by. */
  async function refusedBy(use: ReportedCall): Promise<string[]> {
    const refusal = await fault(callTool(room.deps, room.reports.caller, use));
    assert.equal(refusal.code, "denied");
    return (refusal.members.reasons as { policy: string }[]).map(({ policy }) => policy);
  }

  const bodies = async (type: string, task: string) =>
    (await findEvents(room.deps.database, { task, type, limit: 20 })).map(({ body }) => JSON.parse(body));

  describe("a call", () => {
    test("waits for a yes each time where policies rest on what was called before, and its token says so", async () => {
      const { deps } = room;
      const says = async () => {
        const copy = await run(deps, { agent: "planner" });
        const { edge } = await begunTask(deps, room);
        return claimsIn(await exchange(deps, copy, edge.id, write)).per_call;
      };
      await decideBy();
      assert.equal(await says(), undefined);
      await decideBy("often");
      assert.equal(await says(), true);
    });

    test("is decided by the policies of its own time, not by those under which its token was issued", async () => {
      const { deps, reports } = room;
      await decideBy();
      const { task, use } = await withToken();
      await callTool(deps, reports.caller, use);
      await decideBy("third");
      assert.deepEqual(await refusedBy(use), ["no-writing"]);
      const refusals = await bodies("request.refused", task.id);
      assert.deepEqual(
        refusals.map(({ body }) => [body.action, body.details.policies]),
        [["tool.call", ["no-writing"]]],
      );
      await decideBy();
      await callTool(deps, reports.caller, use);
    });

    test("names in the log the decision that was made about it, with its policies", async () => {
      const { deps, reports } = room;
      await decideBy();
      const { task, use } = await withToken();
      await callTool(deps, reports.caller, use);
      const [issued] = await bodies("token.issued", task.id);
      const [called] = await bodies("tool.called", task.id);
      assert.match(called.body.decision, /^decision_/);
      assert.notEqual(called.body.decision, issued.body.granted[0].decision);
      assert.deepEqual(called.body.policies, ["delegated-call"]);
    });

    test("may do without an argument that is optional in every link, and policy sees that it does", async () => {
      const { deps, reports } = room;
      const optional = [
        call("reports/read", { args: { quarter: { op: "eq", value: "Q1", optional: true } } }),
      ];
      await decideBy();
      const { use } = await withToken(optional);
      const without = { ...use, args: {} };
      await decideBy("named");
      assert.deepEqual(await refusedBy(use), ["unnamed"]);
      await callTool(deps, reports.caller, without);
      assert.equal(
        await codeOf(callTool(deps, reports.caller, { ...use, args: { quarter: "Q2" } })),
        "denied",
      );
    });

    test("that is refused counts nowhere and uses nothing up", async () => {
      const { deps, reports } = room;
      await decideBy();
      const once = [call("reports/write", { ...quarters("Q1"), max_uses: 1 })];
      const { copy, task, use } = await withToken(once);
      await decideBy("third");
      await refusedBy(use);
      const instance = copy.instance.id;
      const of = { agent: "planner", instance, resource: REPORTS };
      const { instance: counted } = await windowsFor(deps, of, deps.clock.now(), ["instance"]);
      const { calls } = await historyFor(deps, { task: task.id, instance, tool: use.tool });
      assert.deepEqual([counted?.minute, calls], [0, 0]);
      await decideBy();
      assert.equal((await callTool(deps, reports.caller, use)).use, 1);
    });

    test("that people must approve by now waits for them, and uses their yes up", async () => {
      const { deps, mia, reports } = room;
      await decideBy();
      const { task, use } = await withToken();
      await decideBy("manager");
      const { code, members } = await fault(callTool(deps, reports.caller, use));
      assert.equal(code, "approval-required");
      await answer(deps, mia, String(members.approval));
      const other = { ...use, args: { quarter: "Q2" } };
      assert.equal(await codeOf(callTool(deps, reports.caller, other)), "approval-required", "for that call");
      assert.equal((await callTool(deps, reports.caller, use)).authority, "approved");
      assert.equal(await codeOf(callTool(deps, reports.caller, use)), "approval-required", "once");
      const [called] = await bodies("tool.called", task.id);
      assert.equal(called.body.approval, members.approval);
    });

    test("of which a person must approve each is refused without one, also under an older token", async () => {
      const { deps, ada } = room;
      await decideBy();
      const { use } = await withToken();
      const rules = { delegate_to: ["writer", "publisher"], max_depth: 4, shared: true as const };
      const become = (needs_person: string[]) =>
        updateAgent(deps, ada.caller, {
          name: "planner",
          update: { delegation: { ...rules, needs_person } },
        });
      await become(["reports/write"]);
      const refusal = await fault(callTool(deps, room.reports.caller, use));
      assert.match(refusal.message, /person must approve/);
      await become([]);
    });

    test("under a token that was issued by older policies ends with them, where their end is final", async () => {
      const { deps, reports } = room;
      await decideBy();
      const { use } = await withToken();
      await replacePolicies(deps, system, await base(), { revokeOlder: true });
      assert.equal(await codeOf(callTool(deps, reports.caller, use)), "gone");
      await callTool(deps, reports.caller, (await withToken()).use);
    });
  });

  describe("what was read", () => {
    test("by one agent of a task is known when another one acts in it", async () => {
      const { deps, reports, writer } = room;
      await decideBy("leak");
      const planner = await withToken(read);
      const second = await passOn(deps, planner.copy, { edge: planner.edge.id, to: "writer", grants: write });
      const use = useOf(claimsIn(await exchange(deps, writer, second.id, write)));
      await callTool(deps, reports.caller, use);
      await callTool(deps, reports.caller, planner.use);
      assert.deepEqual(await refusedBy(use), ["no-leak"], "under a token from before");
    });

    test("outside is not shed by closing the task: the copy brings it into the next", async () => {
      const { deps, desk } = room;
      await decideBy("taint");
      const ledger = { ...(await ledgerToken()) };
      const first = await withToken();
      await callTool(deps, ledger.service.caller, await ledger.use(first));
      assert.deepEqual(await refusedBy(first.use), ["no-injection"]);
      await closeTask(deps, desk.caller, { task: first.task.id });
      const { edge } = await begunTask(deps, room);
      const refusal = await fault(exchange(deps, first.copy, edge.id, write));
      assert.match(refusal.message, /read outside/);
    });

    test("on an agent's own authority sticks to the copy, and is counted by it", async () => {
      const { deps } = room;
      await decideBy("taint");
      const ledger = await ledgerToken();
      const copy = await agent(deps, room.ada, "loner", []);
      await callTool(deps, ledger.service.caller, await ledger.use({ copy }));
      const seen = await historyFor(deps, { instance: copy.instance.id, tool: "ledger/read" });
      assert.deepEqual([seen.untrusted, seen.calls, seen.toolCalls], [true, 1, 1]);
    });

    test("counts as read when the call is let pass, whether or not it ever returns", async () => {
      const { deps, reports } = room;
      await decideBy();
      const { copy, task, use } = await withToken(read);
      await callTool(deps, reports.caller, use);
      const { labels } = await historyFor(deps, {
        task: task.id,
        instance: copy.instance.id,
        tool: use.tool,
      });
      assert.deepEqual(labels, ["customer-data"]);
      const [called] = await bodies("tool.called", task.id);
      assert.deepEqual(called.body.data, ["customer-data"]);
    });
  });

  /** A token for what is read outside, for a task or on an agent's own authority, and the service called. */
  async function ledgerToken() {
    const { deps, ada } = room;
    const name = `ledger-${ledgers++}`;
    const service = await registerService(deps, ada.caller, { name, owner: ada.id, resources: [LEDGER] });
    const grants = [call("ledger/read", { open_args: true })];
    const details = { resource: LEDGER, authorization_details: JSON.stringify(grants) };
    const use = async ({ copy, edge }: { copy: Running; edge?: { id: string } }): Promise<ReportedCall> => {
      const form =
        edge === undefined
          ? { grant_type: "client_credentials" }
          : await exchangeForm(deps, copy, edge.id, grants);
      return useOf(claimsIn(await ask(deps, copy, { ...form, ...details })), grants);
    };
    return { service: await run(deps, { service }), use };
  }

  describe("what was moved", () => {
    test("counts against a sum over the whole task, and a call cannot make it smaller", async () => {
      const { deps, reports } = room;
      await decideBy("sum");
      const { use } = await withToken(read);
      const pay = (amount: number): ReportedCall => ({ ...use, args: { amount } });
      await callTool(deps, reports.caller, pay(60.25));
      await callTool(deps, reports.caller, pay(39.74));
      await callTool(deps, reports.caller, pay(0.01));
      assert.deepEqual(await refusedBy(pay(0)), ["not-so-much"]);
    });
  });

  describe("a fact that is fetched slowly", () => {
    const facts = [{ name: "owner", type: "string", url: "http://localhost/{quarter}", pointer: "/owner" }];

    /** Answers about Q1 when it is told to, and about everything else at once; counts who asked. */
    function slowSource() {
      const [asked, held] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
      const count = { about: 0 };
      const of: FactSource["of"] = async ({ agentArgs }) => {
        count.about += 1;
        if (agentArgs.quarter !== "Q1") return { owner: "ann" };
        asked.resolve();
        return { owner: await held.promise };
      };
      return { source: { of }, asked: asked.promise, answer: held.resolve, count };
    }

    async function decideByOwner(): Promise<void> {
      const { deps } = room;
      await repin("reports", "write", { facts: facts as ToolDefinition["facts"] });
      await replacePolicies(deps, system, [
        ...(await base()),
        { name: "often", text: RULES.often },
        {
          name: "owner",
          text: `@id("not-anns") @reason("It is not hers.") forbid (${scope("reports/write")})
                 unless { context has facts && context.facts has owner && context.facts.owner == "ann" };`,
        },
      ]);
    }

    test("keeps nobody waiting who calls for the same task, and decides its own call", async () => {
      const { deps, reports } = room;
      deps.clock.advance(minutes(2));
      await decideBy();
      const { use } = await withToken();
      await decideByOwner();
      const { source, asked, answer: tell, count } = slowSource();
      const from = { ...deps, facts: source };
      const slow = callTool(from, reports.caller, use);
      await asked;
      await callTool(from, reports.caller, { ...use, args: { quarter: "Q2" } });
      tell("bob");
      const refusal = await fault(slow);
      assert.deepEqual(
        (refusal.members.reasons as { policy: string }[]).map(({ policy }) => policy),
        ["not-anns"],
      );
      assert.equal(count.about, 2, "each was asked about once, however often it was decided");
    });

    test("that has grown old in line is fetched again, out of line", async () => {
      const { deps } = room;
      await decideByOwner();
      const time = { now: 0 };
      const told = ["bob", "ann"];
      const hand = new FactsAtHand({ of: async () => ({ owner: told.shift() ?? "nobody" }) }, () => time.now);
      const tool = (await findTool(deps, "reports/write")) ?? assert.fail();
      const left: number[] = [];
      const prepare = () =>
        hand.prepare(deps, { tool, agentArgs: { quarter: "Q1" }, task: undefined }, () =>
          left.push(time.now),
        );
      const server = (await findServer(deps, "reports")) ?? assert.fail();
      const value = () => hand.of({ server, tool, facts: tool.facts ?? [], agentArgs: { quarter: "Q1" } });
      await prepare();
      time.now = 4_999;
      await prepare();
      assert.deepEqual([await value(), left, hand.areFresh], [{ owner: "bob" }, [0], true]);
      time.now = 5_000;
      assert.equal(hand.areFresh, false);
      await prepare();
      assert.deepEqual([await value(), left], [{ owner: "ann" }, [0, 5_000]]);
    });
  });

  describe("a limit of calls a minute", () => {
    async function race(servers: readonly Opened["deps"][], calls: number): Promise<void> {
      const { deps, planner, reports } = room;
      deps.clock.advance(minutes(2));
      await decideBy("often");
      const { edge } = await begunTask(deps, room);
      const use = useOf(claimsIn(await exchange(deps, planner, edge.id, write)));
      const settled = await Promise.allSettled(
        Array.from({ length: calls }, (_, i) =>
          callTool(servers[i % servers.length] ?? deps, reports.caller, use),
        ),
      );
      const refused = settled.flatMap((one) => (one.status === "rejected" ? [String(one.reason.code)] : []));
      assert.deepEqual([...new Set(refused)], ["denied"], "refused, and nothing else");
      assert.equal(calls - refused.length, MOST);
      deps.clock.advance(minutes(1));
      await callTool(deps, reports.caller, use);
    }

    test("admits exactly so many of all that come at once", () => race([room.deps], 60));

    test("admits exactly so many between two servers", { skip: engine.name !== "postgres" }, async () => {
      const { deps, location } = room;
      const other = { ...deps, ...more(), database: await openDatabase(deps, location, migrations) };
      try {
        await race([deps, other], 60);
      } finally {
        await other.database.close();
      }
    });
  });
});
