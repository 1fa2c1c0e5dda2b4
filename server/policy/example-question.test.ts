import assert from "node:assert/strict";
import { test } from "node:test";
import { exampleQuestion, givenQuestion, givenTool } from "./example-question.ts";

const pay = givenTool.parse({
  labels: ["write"],
  args: { amount: "number" },
  amount: { argument: "amount", currency: "EUR" },
  facts: { owed: { type: "number", equals: "amount" }, payee: "string" },
  data: ["payments"],
  environment: "staging",
});
const question = (given: object = {}) =>
  exampleQuestion(givenQuestion.parse({ tool: "finance/pay", ...given }), { "finance/pay": pay });
const around = (given: object = {}) => question(given).circumstances ?? assert.fail("none");

test("where a test says nothing, nothing has happened before and nobody looks suspicious", () => {
  const { now } = question();
  const { history, windows, posture, risk, zone } = around();
  assert.deepEqual(history, { labels: [], untrusted: false, calls: 0, toolCalls: 0, amounts: {} });
  assert.deepEqual(windows?.agent, { minute: 0, hour: 0, day: 0 });
  assert.deepEqual(posture, { provenAt: now, lastActive: now });
  assert.deepEqual(risk, { score: 0, parts: {}, anomalies: [], at: now });
  assert.equal(zone, "UTC");
});

test("`none` is what is not known", () => {
  const none = around({ history: "none", window: "none", posture: "none", risk: "none" });
  assert.deepEqual(Object.keys(none).sort(), ["facts", "tool", "zone"]);
});

test("what a tool of the test's own declares is what the catalog would say", () => {
  const { tool } = around({ args: { amount: 5 } });
  const amount = { value: 50_000n, currency: "EUR" };
  const said = { data: ["payments"], untrusted: false, environment: "staging" };
  assert.deepEqual(tool, { ...said, amountFrom: ["amount"], amount });
});

test("facts are those that a test gives; an argument is compared with the one that it must equal", () => {
  const known = around({ args: { amount: 5 }, facts: { owed: 6, payee: "ada" } }).facts;
  assert.deepEqual(known?.contradicted, [{ argument: "amount", fact: "owed" }]);
  const missing = around({
    args: { amount: 5 },
    facts: { owed: 5, payee: "ada" },
    facts_missing: ["owed"],
  }).facts;
  assert.deepEqual([missing?.values, missing?.missing], [{ payee: "ada" }, ["owed"]]);
  assert.deepEqual(missing?.unchecked, [{ argument: "amount", fact: "owed" }]);
});

test("a time without Z is what clocks in the zone show", () => {
  const now = (text: string, zone?: string) =>
    question({ now: text, ...(zone === undefined ? {} : { zone }) }).now;
  assert.equal(now("2026-07-01T09:00:00", "Europe/Berlin"), Date.parse("2026-07-01T07:00:00Z"));
  assert.equal(now("2026-12-01T09:00:00", "Europe/Berlin"), Date.parse("2026-12-01T08:00:00Z"));
  assert.equal(now("2026-07-01T09:00:00Z", "Europe/Berlin"), Date.parse("2026-07-01T09:00:00Z"));
  assert.equal(now("2026-07-01T09:00:00+02:00"), Date.parse("2026-07-01T07:00:00Z"));
  assert.equal(now("2026-07-01T09:00:00"), Date.parse("2026-07-01T09:00:00Z"));
});

test("an incident, a runbook and an emergency are the task's", () => {
  const task = { incident: { severity: "P1" }, runbook: { name: "late", steps: ["a/b"] }, break_glass: true };
  const { incident, runbook, breakGlass } = question({ task }).task ?? assert.fail("no task");
  assert.deepEqual([incident, breakGlass], [{ id: "INC-1", severity: "P1" }, true]);
  assert.deepEqual(runbook, { name: "late", steps: ["a/b"] });
});

test("what a test cannot mean is refused", () => {
  for (const given of [
    { zone: "Mars/Olympus" },
    { now: "yesterday" },
    { window: { agent_week: 1 } },
    { history: { amounts: { EUR: 0.00001 } } },
    { history: { amounts: { eur: 1 } } },
    { risk: 101 },
    { task: { incident: { severity: "P5" } } },
  ])
    assert.equal(givenQuestion.safeParse(given).success, false, JSON.stringify(given));
});
