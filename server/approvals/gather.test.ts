import assert from "node:assert/strict";
import type { Json } from "@countersign/proof/jcs";
import fc from "fast-check";
import { perform } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { defineServer, defineTool, type FactDeclaration, findTool } from "../catalog/index.ts";
import { Change } from "../database/index.ts";
import { footing, reserveCall } from "../delegation/index.ts";
import { system } from "../lib/index.ts";
import { bindingSets, type Question } from "../policy/index.ts";
import { registerTeam } from "../registry/index.ts";
import { eventsOf } from "../registry/test-registry.ts";
import type { ApprovalsDeps } from "./approvals-deps.ts";
import { agentCaller, ask, callFor, fault, type Opened, payment, promisesOn, put } from "./fixture.ts";
import { gather } from "./gather.ts";

const INSTANCE = "spiffe://acme.example/agent/publisher/1";

/** A policy that reads just this, and forbids nothing. */
const reads = (condition: string, action = "finance/pay") => ({
  name: "reading",
  text: `@id("reading") @reason("Reads.") forbid (principal, action == Action::"${action}", resource) when { ${condition} && false };`,
});

const owed: FactDeclaration = {
  name: "owed",
  type: "integer",
  url: "https://finance.example/invoices/{invoice}",
  pointer: "/owed",
  equals: "amount",
};
const payee: FactDeclaration = { ...owed, name: "payee", type: "string", equals: undefined };

/** `finance/pay` moves money, and the invoice says how much is owed. */
async function declare({ deps, ada }: Opened, facts: readonly FactDeclaration[]): Promise<void> {
  const { digest, ...pinned } = (await findTool(deps, "finance/pay")) ?? assert.fail("not pinned");
  const properties = {
    amount: { type: "integer" },
    currency: { type: "string" },
    invoice: { type: "string" },
  };
  const { server, name, description, labels } = pinned;
  const definition = {
    ...{ server, name, description, labels, facts, data: ["payments"], untrusted: true as const },
    amount: { argument: "amount", currency: { argument: "currency" } },
    inputSchema: { type: "object" as const, properties: properties as never },
  };
  await defineTool(deps, ada.caller, { definition, replaces: digest });
}

/** What the source is asked for, and what it says. */
function knowing(deps: ApprovalsDeps, values: Record<string, Json>) {
  const asked: string[][] = [];
  const of: ApprovalsDeps["facts"]["of"] = async ({ facts }) => {
    asked.push(facts.map(({ name }) => name));
    const names = new Set(facts.map(({ name }) => name));
    return Object.fromEntries(Object.entries(values).filter(([name]) => names.has(name)));
  };
  return { asked, deps: { ...deps, facts: { of } } };
}

const pay = (args: Record<string, Json>, more: Partial<Question> = {}): Partial<Question> => ({
  ...payment(0),
  args,
  ...more,
});

async function gathered(deps: ApprovalsDeps, company: Opened, given: Partial<Question>): Promise<Question> {
  return gather(deps, await callFor(deps, company.pat, given), await bindingSets(deps));
}

forEachEngine((engine) => {
  const promise = promisesOn(engine);

  promise("only what some policy for the action reads is gathered", async (company) => {
    const { deps } = company;
    const said = { amount: 5, currency: "EUR", invoice: "R-7" };
    await declare(company, []);
    await put(deps, reads('context.strength == "x"'));
    const risk = { ...deps.risk, of: async () => assert.fail("nobody reads the risk") };
    // The shipped policies read the risk of every action; here they would hide what is to be shown.
    const [set] = await bindingSets(deps);
    const own = new Map([...(set?.policies ?? [])].filter(([id]) => id === "reading"));
    const question = await callFor(deps, company.pat, pay(said));
    const { circumstances } = await gather(
      { ...deps, risk },
      question,
      set === undefined ? [] : [{ ...set, policies: own }],
    );
    assert.deepEqual(Object.keys(circumstances ?? {}), ["tool"]);
    const amount = { value: 50_000n, currency: "EUR" };
    const amountFrom = ["amount", "currency"];
    assert.deepEqual(circumstances?.tool, { data: ["payments"], untrusted: true, amountFrom, amount });
  });

  promise(
    "history and windows are those of the task, the copy and whoever they are counted for",
    async (company) => {
      const { deps, pat } = company;
      await put(deps, reads("context has history && context has window && context.window has person_minute"));
      const made = {
        ...{ task: "task_1" as const, instance: INSTANCE, agent: "publisher", person: pat.id },
        resource: "https://finance.example/",
      };
      const change = new Change(deps.database);
      const call = {
        tool: "finance/pay",
        data: ["payments"],
        untrusted: true,
        amount: { value: 50_000n, currency: "EUR" },
      };
      const on = await footing(deps, made, ["history"]);
      reserveCall(
        change,
        { ...made, id: "action_1", at: deps.clock.now(), call },
        { on, watched: ["history"] },
      );
      await deps.database.commit(change);
      deps.clock.advance(30_000);
      const { circumstances } = await gathered(deps, company, pay({}));
      assert.deepEqual(circumstances?.history, {
        labels: ["payments"],
        untrusted: true,
        calls: 1,
        toolCalls: 1,
        amounts: { EUR: 50_000n },
      });
      assert.deepEqual(circumstances?.windows?.person, { minute: 1, hour: 1, day: 1 });
      assert.equal(circumstances?.windows?.resource, undefined);
      const other = await gathered(
        deps,
        company,
        pay({}, { instance: `${INSTANCE}0`, task: undefined as never }),
      );
      assert.equal(other.circumstances?.history?.calls, 0);
    },
  );

  promise(
    "the zone is that of the team which answers for the resource, and UTC where there is none",
    async (company) => {
      const { deps, ada } = company;
      await put(deps, reads("context.local.hour == 3"));
      assert.equal((await gathered(deps, company, pay({}))).circumstances?.zone, "UTC");
      await registerTeam(deps, ada.caller, { name: "treasury", lead: ada.id, zone: "Asia/Tokyo" });
      const placed = {
        id: "finance",
        resource: "https://finance.example/",
        team: "treasury",
        region: "eu-1",
      };
      await defineServer(deps, ada.caller, { ...placed, environment: "production" });
      const { circumstances } = await gathered(deps, company, pay({}));
      assert.deepEqual([circumstances?.zone, circumstances?.tool?.region], ["Asia/Tokyo", "eu-1"]);
    },
  );

  promise("a copy that is not there, or not this agent's, proves nothing", async (company) => {
    const { deps } = company;
    await put(deps, reads("context has posture"));
    assert.equal((await gathered(deps, company, pay({}))).circumstances?.posture, undefined);
  });

  promise(
    "facts are asked for only where a policy reads them or an argument must equal them",
    async (company) => {
      await declare(company, [owed, payee]);
      const { deps, asked } = knowing(company.deps, { owed: 5, payee: "ada" });
      const said = { amount: 5, currency: "EUR", invoice: "R-7" };
      assert.deepEqual((await gathered(deps, company, pay(said))).circumstances?.facts, {
        values: { owed: 5 },
        missing: [],
        contradicted: [],
        unchecked: [],
      });
      await put(deps, reads('context.facts has payee && context.facts.payee == "x"'));
      const { invoice, currency } = said;
      const { circumstances } = await gathered(deps, company, pay({ invoice, currency }));
      assert.deepEqual(circumstances?.facts?.values, { payee: "ada" });
      assert.deepEqual(asked, [["owed"], ["payee"]]);
    },
  );

  promise(
    "nothing is asked about an argument that is still open; a fact that a policy reads is then missing",
    async (company) => {
      await declare(company, [owed, payee]);
      await put(company.deps, reads('context.facts has payee && context.facts.payee == "x"'));
      const { deps, asked } = knowing(company.deps, { owed: 5, payee: "ada" });
      for (const openArgs of ["any", ["invoice"]] as const) {
        const { circumstances } = await gathered(deps, company, pay({ amount: 5 }, { openArgs }));
        const nothing = { values: {}, missing: ["payee"], contradicted: [], unchecked: [] };
        assert.deepEqual(circumstances?.facts, nothing);
      }
      assert.deepEqual(asked, []);
    },
  );

  promise(
    "an argument that contradicts its fact is refused, whatever policies say, and that is an alarm",
    async (company) => {
      await declare(company, [owed]);
      const { deps } = knowing(company.deps, { owed: 5 });
      const call = (amount: number) =>
        callFor(deps, company.pat, pay({ amount, currency: "EUR", invoice: "R-7" }));
      await ask(deps, await call(5));
      assert.deepEqual(await eventsOf(company, "fact.contradicted"), []);
      const refusal = await fault(ask(deps, await call(50)));
      const reasons = (refusal.members.reasons as { policy: string }[]).map(({ policy }) => policy);
      assert.deepEqual([refusal.code, reasons], ["denied", ["argument-contradicts-fact"]]);
      const [event, ...more] = await eventsOf(company, "fact.contradicted");
      assert.deepEqual([event?.severity, more.length], ["alarm", 0]);
      assert.ok(!JSON.stringify(event?.body).includes("50"), "values stay out of the log");
    },
  );

  promise(
    "a fact that cannot be had denies where a policy reads it or an argument must equal it",
    async (company) => {
      await declare(company, [owed, payee]);
      const { deps } = knowing(company.deps, {});
      const reasonsOf = async (args: Record<string, Json>) => {
        const refusal = await fault(ask(deps, await callFor(deps, company.pat, pay(args))));
        return (refusal.members.reasons as { policy: string }[]).map(({ policy }) => policy);
      };
      assert.deepEqual(await reasonsOf({ amount: 5, currency: "EUR", invoice: "R-7" }), ["fact-missing"]);
      await put(deps, reads('context.facts has payee && context.facts.payee == "x"'));
      assert.ok((await reasonsOf({ invoice: "R-7" })).includes("fact-missing"));
    },
  );

  promise("an amount that is not exact is refused where a policy reads it", async (company) => {
    await declare(company, []);
    const { deps } = company;
    await put(deps, reads('context has amount && context.amount.greaterThan(decimal("1.0"))'));
    await ask(deps, await callFor(deps, company.pat, pay({ amount: 5, currency: "EUR" })));
    for (const args of [
      { amount: -5, currency: "EUR" },
      { amount: 5, currency: "eur" },
      { currency: "EUR" },
    ]) {
      const refusal = await fault(ask(deps, await callFor(deps, company.pat, pay(args))));
      const reasons = (refusal.members.reasons as { policy: string }[]).map(({ policy }) => policy);
      assert.deepEqual(reasons, ["argument-not-exact"], JSON.stringify(args));
    }
  });

  promise(
    "whatever stands in the arguments, nothing that was gathered is the agent's word",
    async (company) => {
      await declare(company, [payee]);
      await put(
        company.deps,
        reads(
          "context.facts has payee && context has history && context has window && context has posture && context.local.hour == 1",
        ),
      );
      const { deps } = knowing(company.deps, { payee: "ada" });
      const strip = ({ circumstances }: Question) => {
        const { amount: _, ...tool } = circumstances?.tool ?? assert.fail("no tool");
        return { ...circumstances, tool };
      };
      const plain = strip(await gathered(deps, company, pay({ invoice: "R-7" })));
      const name = fc.constantFrom(
        "__proto__",
        "constructor",
        "circumstances",
        "facts",
        "payee",
        "tool",
        "risk",
        "amount",
        "currency",
      );
      const args = fc
        .array(fc.tuple(name, fc.jsonValue({ maxDepth: 1 })), { maxLength: 6 })
        .map((said) => JSON.parse(`{${said.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`)}}`));
      await fc.assert(
        fc.asyncProperty(args, async (said) => {
          const question = await gathered(deps, company, pay({ ...said, invoice: "R-7" }));
          assert.deepEqual(strip(question), plain);
        }),
        { numRuns: 40 },
      );
    },
  );

  promise("what the asker puts in as circumstances is thrown away", async (company) => {
    const { deps } = company;
    const circumstances = { risk: { score: 0, parts: {}, anomalies: [], at: deps.clock.now() }, zone: "UTC" };
    const risky = { ...deps, risk: { ...deps.risk, of: async () => undefined } };
    const question = await gathered(risky, company, { ...payment(1), circumstances });
    assert.equal(question.circumstances?.risk, undefined);
    const refusal = await fault(
      perform(deps, system, "token.issue", () => ask(risky, question as Question & { action: "call" })),
    );
    assert.equal(refusal.code, "approval-required");
    assert.equal(agentCaller.kind, "agent");
  });
});
