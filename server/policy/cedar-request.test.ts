import assert from "node:assert/strict";
import { test } from "node:test";
import { isAuthorized, type Schema } from "@cedar-policy/cedar-wasm/nodejs";
import type { Json } from "@countersign/proof/jcs";
import fc from "fast-check";
import { cedarSchemaOf } from "../catalog/index.ts";
import { STRENGTHS } from "../lib/index.ts";
import { type CedarRequest, cedarRequest } from "./cedar-request.ts";
import { exampleQuestion, givenQuestion } from "./example-question.ts";
import { exampleTool, givenTool } from "./example-tool.ts";
import type { Question } from "./question.ts";
import { readSettings } from "./settings.ts";

const pay = givenTool.parse({
  labels: ["write"],
  args: { amount: "number", count: "integer", currency: "string", invoice: "string", urgent: "boolean" },
  data: ["payments"],
  untrusted: true,
  environment: "production",
  region: "eu-west-1",
  amount: { argument: "amount", currency: { argument: "currency" } },
  facts: {
    owed: { type: "number", equals: "amount" },
    payee: "string",
    paid: "boolean",
    tags: "string[]",
    lines: "integer",
  },
});
const tools = { "finance/pay": pay };
const settings = readSettings([
  { name: "pay-limits", text: "", settings: 'most: { decimal: "5.0" }\nfirst: 8\n' },
]);
const { schema } = cedarSchemaOf([exampleTool("finance/pay", pay)], settings.types);

const ask = (given: Record<string, unknown> = {}): Question =>
  exampleQuestion(givenQuestion.parse({ tool: "finance/pay", ...given }), tools);
const request = (question: Question): CedarRequest => {
  const asked = cedarRequest(question, schema, settings.values);
  assert.ok(asked !== undefined);
  return asked;
};
const contextOf = (given: Record<string, unknown>): Record<string, unknown> =>
  request(ask(given)).request.context;

const everything = {
  args: { amount: 12.5, count: 3, currency: "EUR", invoice: "i-1", urgent: true },
  task: {
    incident: { id: "INC-7", severity: "P1" },
    runbook: { name: "pay-late", steps: ["finance/pay"] },
    break_glass: true,
  },
  facts: { owed: 12.5, payee: "ada", paid: false, tags: ["a"], lines: 2 },
  history: {
    labels: ["payments"],
    untrusted: true,
    calls: 4,
    tool_calls: 2,
    amounts: { EUR: 100.25, CHF: 7 },
  },
  window: { agent_minute: 2, person_day: 40 },
  posture: { evidence_age: 61, idle_days: 3 },
  risk: 17,
  anomalies: ["new_behaviour"],
  zone: "Europe/Berlin",
  now: "2026-11-22T23:30:00Z",
};

/** What Cedar itself says of a request: nothing where it fits the schema. */
function misfit({ request: { context, entities, ...scope } }: CedarRequest): string | undefined {
  const answer = isAuthorized({
    ...scope,
    context: context as never,
    entities: entities as never,
    schema: schema as unknown as Schema,
    validateRequest: true,
    policies: { staticPolicies: "permit (principal, action, resource);" },
  });
  return answer.type === "success" ? undefined : JSON.stringify(answer.errors);
}

test("a question with every circumstance, and one with none, fit the schema that policies validate against", () => {
  const none = { history: "none", window: "none", posture: "none", risk: "none" };
  for (const given of [everything, {}, none, { ...none, person: "none" }, { ...everything, agent: {} }])
    assert.equal(misfit(request(ask(given))), undefined);
  const delegate = { to: "a", to_class: "coding", grants: [], depth: 2 };
  const [name, own] = ["delegate", { ...ask({ action: "delegate", delegate }) }];
  assert.equal(misfit(request(own)), undefined, name);
  const { circumstances: _, ...bare } = ask(everything);
  assert.equal(misfit(request(bare)), undefined);
});

test("a policy sees what was gathered", () => {
  const context = contextOf(everything);
  assert.deepEqual(context.tool, {
    server: "finance",
    data: ["payments"],
    untrusted: true,
    environment: "production",
    region: "eu-west-1",
  });
  const decimal = (arg: string) => ({ __extn: { fn: "decimal", arg } });
  assert.deepEqual([context.amount, context.currency], [decimal("12.5"), "EUR"]);
  assert.deepEqual(context.history, {
    labels: ["payments"],
    untrusted: true,
    calls: 4,
    tool_calls: 2,
    amount: decimal("100.25"),
    amount_after: decimal("112.75"),
  });
  assert.deepEqual(context.facts, {
    owed: decimal("12.5"),
    payee: "ada",
    paid: false,
    tags: ["a"],
    lines: 2,
  });
  assert.deepEqual(context.settings, { pay_limits: { most: decimal("5.0"), first: 8 } });
  assert.deepEqual(context.posture, { evidence_age: 61, idle_days: 3 });
  assert.deepEqual([context.risk, context.risk_known, context.anomalies], [17, true, ["new_behaviour"]]);
  assert.deepEqual(context.local, {
    zone: "Europe/Berlin",
    date: "2026-11-23",
    hour: 0,
    minute: 30,
    weekday: 1,
  });
  assert.deepEqual((context.task as { runbook: unknown }).runbook, { name: "pay-late", declares: true });
  assert.equal((context.task as { consent: unknown }).consent, "passkey");
  const weaker = contextOf({ task: { consent: "company-sign-in" } }).task as { consent: unknown };
  assert.equal(weaker.consent, "company-sign-in");
  const { agent_minute, agent_hour, person_minute, person_day } = context.window as Record<string, number>;
  assert.deepEqual([agent_minute, agent_hour, person_minute, person_day], [2, 2, 0, 40]);
});

test("a risk that is missing, stale, from the future or no number counts as 100 and as unknown", () => {
  const { now, ...rest } = ask();
  const risk = (score: number, at: number | undefined) => {
    const circumstances = {
      ...rest.circumstances,
      risk: { score, parts: {}, anomalies: ["x"], at: at ?? now },
    };
    const { context } = request({ ...rest, now, circumstances }).request;
    return [context.risk, context.risk_known];
  };
  assert.deepEqual(risk(5, now - 600_000), [5, true]);
  assert.deepEqual(risk(5, now - 600_001), [100, false]);
  assert.deepEqual(risk(5, now + 600_001), [100, false]);
  assert.deepEqual(risk(Number.NaN, now), [100, false]);
  assert.deepEqual(risk(400, now), [100, true]);
  assert.deepEqual(risk(40.2, now), [41, true]);
  const { circumstances: _, ...unmeasured } = ask();
  const { context } = request(unmeasured).request;
  assert.deepEqual([context.risk, context.risk_known], [100, false]);
});

test("the stronger the credential, the higher its rank", () => {
  const ranks = STRENGTHS.map((strength) => contextOf({ strength }).strength_rank);
  assert.deepEqual(ranks, [7, 6, 5, 4, 3, 2, 1]);
  const odd = request({ ...ask(), strength: "toString" as never }).request.context;
  assert.equal(odd.strength_rank, 0);
});

test("what a call moves is lacking where it is declared and not exact, and where nothing was gathered", () => {
  const lacks = (args: Record<string, unknown>) => request(ask({ args })).amountLacking;
  assert.equal(lacks({ amount: 5, currency: "EUR" }), false);
  assert.equal(lacks({ amount: 5 }), true);
  assert.equal(lacks({ amount: -5, currency: "EUR" }), true);
  assert.equal(lacks({ amount: 0.00001, currency: "EUR" }), true);
  const { circumstances: _, ...bare } = ask();
  assert.equal(request(bare).amountLacking, true);
  assert.equal(request(ask({ action: "lend" })).amountLacking, false);
});

test("where the currency is not known, what was moved is the most of any, and with this call the most there is", () => {
  const { history } = contextOf({ ...everything, args: { amount: 5 } });
  assert.deepEqual((history as { amount: unknown }).amount, { __extn: { fn: "decimal", arg: "100.25" } });
  const { amount_after } = history as { amount_after: unknown };
  assert.deepEqual(amount_after, { __extn: { fn: "decimal", arg: "922337203685477.5807" } });
});

test("a fact that is absent, inherited or of another type is lacking, never something else", () => {
  const lacking = (facts: Record<string, unknown>) => {
    const question = ask();
    const circumstances = {
      ...question.circumstances,
      facts: { values: facts as Record<string, Json>, missing: [], contradicted: [] },
    };
    return request({ ...question, circumstances }).factsLacking;
  };
  const all = { owed: 1, payee: "a", paid: true, tags: [], lines: 1 };
  assert.deepEqual(lacking(all), []);
  assert.deepEqual(lacking(Object.create(all)), ["lines", "owed", "paid", "payee", "tags"]);
  for (const [name, value] of Object.entries({
    owed: "1",
    payee: 1,
    paid: "true",
    tags: ["a", 1],
    lines: 1.5,
  }))
    assert.deepEqual(lacking({ ...all, [name]: value }), [name]);
});

test("a runbook declares the tool that is called, and no other", () => {
  const declares = (steps: string[]) =>
    (contextOf({ task: { runbook: { name: "r", steps } } }).task as { runbook: { declares: boolean } })
      .runbook.declares;
  assert.equal(declares(["finance/pay"]), true);
  assert.equal(declares(["finance/pays", "finance"]), false);
});

/** Names that mean something to JavaScript, to Cedar's JSON, or to the context itself. */
const hostileName = fc.oneof(
  fc.constantFrom("__proto__", "constructor", "__entity", "__extn", "toString", "risk", "facts", "settings"),
  fc.constantFrom("amount", "currency", "invoice", "count", "history", "authority", "args"),
  fc.string(),
);
const hostileArgs = fc
  .array(fc.tuple(hostileName, fc.jsonValue({ maxDepth: 2 })), { maxLength: 8 })
  // Own properties, `__proto__` among them, as a JSON parser makes them.
  .map((members) => JSON.parse(`{${members.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`)}}`));

test("whatever an agent puts into its arguments, it changes nothing of the context but args, amount and currency", () => {
  const without = (context: Record<string, unknown>) => {
    const { args: _args, amount: _amount, currency: _currency, history, ...others } = context;
    // Follows from the amount.
    const { above_limit: _above, ...rest } = others;
    // What was moved is told in the call's own currency; the rest of the history is not the agent's.
    const { amount: _moved, amount_after: _after, ...past } = history as Record<string, unknown>;
    return { ...rest, history: past };
  };
  const { args: _, ...given } = everything;
  const plain = without(contextOf(given));
  fc.assert(
    fc.property(hostileArgs, (args) => {
      const question = ask(given);
      const tool = exampleQuestion(
        { ...givenQuestion.parse({ tool: "finance/pay", ...given }), args },
        tools,
      );
      const facts = question.circumstances?.facts ?? { values: {}, missing: [], contradicted: [] };
      const circumstances = { ...tool.circumstances, facts };
      const asked = request({ ...tool, circumstances });
      assert.deepEqual(without(asked.request.context), plain);
      assert.equal(misfit(asked), undefined);
      const names = [...Object.keys(asked.request.context.args as object), ...asked.leftOut].sort();
      assert.deepEqual(names, Object.keys(args).sort());
      assert.equal(Object.getPrototypeOf(asked.request.context.args), Object.prototype);
    }),
    { numRuns: 150 },
  );
});

test("what nobody looks at is not made ready, and what somebody looks at is the same", () => {
  const whole = contextOf(everything);
  const names = fc.subarray([...Object.keys(whole), "nothing", "constructor", "__proto__"]);
  fc.assert(
    fc.property(names, (wanted) => {
      const asked = cedarRequest(ask(everything), schema, settings.values, wanted);
      const context: Record<string, unknown> = { ...asked?.request.context };
      const always = new Set([...wanted, "args", "facts", "settings"]);
      const expected = Object.entries(whole).filter(([name]) => always.has(name));
      assert.deepEqual(context, Object.fromEntries(expected));
    }),
  );
});

test("an action that the catalog does not know, or not for such a principal, makes no request", () => {
  for (const tool of ["finance/none", "__proto__", "constructor", "call", "write"])
    assert.equal(cedarRequest({ ...ask(), tool }, schema), undefined, tool);
  assert.equal(cedarRequest(ask({ agent: "none" }), schema), undefined);
});
