import assert from "node:assert/strict";
import { test } from "node:test";
import { cedarSchemaOf } from "../catalog/index.ts";
import { decide } from "./decide.ts";
import { exampleQuestion, givenQuestion } from "./example-question.ts";
import { exampleTool, givenTool } from "./example-tool.ts";
import { policySet } from "./policy-set.ts";
import type { Question } from "./question.ts";

const pay = givenTool.parse({
  labels: ["write"],
  args: { amount: "number", invoice: "string" },
  amount: { argument: "amount", currency: "EUR" },
  facts: { owed: { type: "number", equals: "amount" }, payee: "string" },
});
const move = givenTool.parse({ labels: ["write"], args: { amount: "number" }, amount: pay.amount });
const tools = {
  "finance/pay": pay,
  "finance/move": move,
  "finance/list": givenTool.parse({ labels: ["read"] }),
};
const { schema } = cedarSchemaOf(Object.entries(tools).map(([name, tool]) => exampleTool(name, tool)));

/** Why a call is denied by a permit for everything and a forbid on this condition. */
function denied(condition: string, given: object, more: Partial<Question> = {}, action = "call"): string[] {
  const text = `@id("p") @reason("p") permit (principal, action, resource);
@id("f") @reason("f") forbid (principal, action in Action::"${action}", resource) when { ${condition} };`;
  const question = exampleQuestion(givenQuestion.parse({ tool: "finance/pay", ...given }), tools);
  const verdict = decide({ ...question, ...more }, policySet([{ name: "test", text }], schema), []);
  return verdict.verdict === "deny" ? verdict.reasons.map(({ policy }) => policy) : [];
}

const AMOUNT = "context has amount && false";
const ABOVE = 'context has amount && context.amount.greaterThan(decimal("7.0"))';
const CURRENCY = "context has currency && false";
const BEFORE = "context has history && context.history.calls > 1 && false";

const tool = "finance/move";

test("an amount that is not exact is denied where a policy reads it, its currency, or what was moved before", () => {
  for (const condition of [AMOUNT, CURRENCY, BEFORE, "context has above_limit && false"]) {
    assert.deepEqual(denied(condition, { tool, args: { amount: 5 } }), []);
    for (const args of [{}, { amount: 0.00001 }, { amount: -5 }, { amount: "5" }])
      assert.deepEqual(
        denied(condition, { tool, args }),
        ["argument-not-exact"],
        `${condition} ${JSON.stringify(args)}`,
      );
  }
  assert.deepEqual(denied("context.risk > 100", { tool, args: {} }), []);
});

test("an amount that is still open is denied where a policy reads it; what was moved before can be told", () => {
  for (const openArgs of ["any", ["amount"]] as const) {
    assert.deepEqual(denied(ABOVE, { tool }, { openArgs }), ["argument-not-exact"]);
    assert.deepEqual(denied(BEFORE, { tool }, { openArgs }), []);
  }
});

test("a tool that moves nothing lacks no amount", () => {
  for (const condition of [AMOUNT, BEFORE]) assert.deepEqual(denied(condition, { tool: "finance/list" }), []);
});

test("a policy for other actions asks nothing of this one", () => {
  assert.deepEqual(denied(AMOUNT, { args: {} }, {}, "destructive"), []);
});

const PAYEE = "context.facts has payee";

test("a fact that a policy reads and that is not known denies", () => {
  const args = { args: { amount: 5 }, facts: { owed: 5 } };
  assert.deepEqual(denied("context.risk > 100", args), []);
  const forPay = (given: object) =>
    denied(`${PAYEE} && context.facts.payee == "x" && false`, given, {}, "finance/pay");
  assert.deepEqual(forPay({ ...args, facts: { owed: 5, payee: "ada" } }), []);
  assert.deepEqual(forPay(args), ["fact-missing"]);
  assert.deepEqual(forPay({ ...args, facts: { owed: 5, payee: 7 } }), ["fact-missing"]);
});

test("an argument that must equal a fact is denied while the fact is not known, and where it is another", () => {
  const call = (args: object, facts: object) => denied("context.risk > 100", { args, facts });
  assert.deepEqual(call({ amount: 5 }, { owed: 5 }), []);
  assert.deepEqual(call({ amount: 5 }, {}), ["fact-missing"]);
  assert.deepEqual(call({ amount: 5 }, { owed: 50 }), ["argument-contradicts-fact"]);
  assert.deepEqual(call({}, {}), []);
});
