import assert from "node:assert/strict";
import { test } from "node:test";
import { cedarSchemaOf } from "../catalog/index.ts";
import { decide } from "./decide.ts";
import { exampleQuestion, givenQuestion } from "./example-question.ts";
import { exampleTool, givenTool } from "./example-tool.ts";
import { type Explanation, explainDecision, explanationText } from "./explanation.ts";
import type { PolicySet } from "./policy.ts";
import { policySet } from "./policy-set.ts";
import { exampleReceipts } from "./policy-test-receipts.ts";
import { shown } from "./shown.ts";

const tools = {
  "finance/pay": givenTool.parse({
    labels: ["write"],
    args: { amount: "number", to: "string", n: "integer" },
  }),
};
const { schema } = cedarSchemaOf(Object.entries(tools).map(([name, tool]) => exampleTool(name, tool)));
const setOf = (text: string): PolicySet => policySet([{ name: "finance", text }], schema);
const ask = (given: Record<string, unknown>) =>
  exampleQuestion(givenQuestion.parse({ tool: "finance/pay", ...given }), tools);

const LIMIT = `@id("limit")
@lift("manager")
@reason("Above 5,000 the manager says yes.")
forbid (principal, action in Action::"call", resource)
when { context.args has amount && context.args.amount.greaterThan(decimal("5000.0")) && principal.class != "finance" };
`;
const PERMIT =
  '@id("all") @reason("All.") permit (principal, action in Action::"call", resource) when { context.person.hasTag("EUR") && context.person.getTag("EUR") > 1 };\n';

function explainIt(text: string, given: Record<string, unknown>, approved = {}): Explanation {
  const set = setOf(text);
  const question = ask(given);
  return explainDecision(question, set, decide(question, set, exampleReceipts(question, approved, set)));
}

const person = { id: "person_ann", manager: "person_mia", limits: { EUR: 500 } };
const given = { args: { amount: 7200 }, agent: { class: "analysis" }, person };

test("what waits for people names the policies, the values they read and whose yes lifts it", () => {
  const explanation = explainIt(PERMIT + LIMIT, given);
  assert.deepEqual(
    explanation.policies.map(({ id, part, file, line }) => [id, part, file, line]),
    [
      ["limit", "forbids", "finance.cedar", 2],
      ["all", "permits", "finance.cedar", 1],
    ],
  );
  assert.deepEqual(explanation.policies[0]?.read, [
    { path: "context.args.amount", value: "7200.0" },
    { path: "principal.class", value: '"analysis"' },
  ]);
  assert.deepEqual(explanation.policies[1]?.read, [{ path: 'context.person.getTag("EUR")', value: "500" }]);
  assert.deepEqual(explanation.remedies, [
    {
      requirement: "manager",
      words: "the manager of the person behind the task",
      person: "person_mia",
      policies: ["limit"],
      missing: true,
    },
  ]);
  assert.equal(
    explanationText(explanation),
    `People must say yes first.
  limit (finance.cedar:2) forbids: Above 5,000 the manager says yes.
    context.args.amount = 7200.0
    principal.class = "analysis"
  all (finance.cedar:1) permits: All.
    context.person.getTag("EUR") = 500
  can be lifted by the manager of the person behind the task (person_mia): limit`,
  );
});

test("what was lifted says by whose yes, and what binds", () => {
  const masked = PERMIT.replace("@reason", '@mask("iban") @reason');
  const explanation = explainIt(masked + LIMIT, given, { manager: 1 });
  assert.equal(explanation.verdict, "allow-with-conditions");
  assert.deepEqual(
    explanation.policies.map(({ part }) => part),
    ["permits", "was lifted"],
  );
  assert.equal(explanation.remedies[0]?.missing, false);
  assert.deepEqual(explanation.obligations, ["mask: iban"]);
});

test("where nothing permits, the permits that might have are shown with what they found", () => {
  const explanation = explainIt(PERMIT, { person: { limits: {} } });
  assert.deepEqual(
    explanation.builtIn.map(({ policy }) => policy),
    ["no-permit"],
  );
  assert.deepEqual(
    explanation.policies.map(({ id, part, read }) => [id, part, read]),
    [["all", "silent", [{ path: 'context.person.getTag("EUR")' }]]],
  );
  assert.match(
    explanationText(explanation),
    /would permit, but does not hold[\s\S]*is not there[\s\S]*nobody's yes/,
  );
});

test("a policy that could not be evaluated is named as such, and so is a question that no policy speaks of", () => {
  const broken = '@id("b") @reason("B.") forbid (principal, action, resource) when { context.args.n == 1 };';
  const explanation = explainIt(PERMIT + broken, given);
  assert.deepEqual(
    explanation.policies.map(({ id, part }) => [id, part]),
    [["b", "could not be evaluated"]],
  );
  assert.deepEqual(explanation.policies[0]?.read, [{ path: "context.args.n" }]);
  const unknown = explainIt(PERMIT, { ...given, tool: "finance/none" });
  assert.deepEqual([unknown.policies, unknown.builtIn.map(({ policy }) => policy)], [[], ["unknown-action"]]);
});

test("a denial that people could lift in part does not promise that their yes is enough", () => {
  const hard = '@id("hard") @reason("H.") forbid (principal, action, resource);';
  const text = explanationText(explainIt(PERMIT + LIMIT + hard, given));
  assert.match(text, /can be lifted by the manager[^\n]*: limit\n {2}nobody's yes lifts the rest/);
});

test("an argument cannot pass for a line of the explanation, nor fill the page, nor hide", () => {
  const reads =
    '@id("r") @reason("R.") forbid (principal, action in Action::"call", resource) when { context.args has to && context.args.to != "acme" };';
  for (const hostile of [
    'x"\n  r (finance.cedar:1) permits: "',
    "a\u202eb\u200bc\ufeff",
    "z".repeat(100_000),
    "\u{e0041}",
  ]) {
    const explanation = explainIt(PERMIT + reads, { ...given, args: { to: hostile } });
    const value = explanation.policies[0]?.read[0]?.value ?? "";
    assert.ok(value.length < 200, value.slice(0, 300));
    assert.doesNotMatch(value, /[\p{C}\p{Zl}\p{Zp}]/u);
    assert.equal(
      explanationText(explanation)
        .split("\n")
        .filter((line) => line.startsWith("  r ")).length,
      1,
    );
  }
});

test("values are shown as Cedar writes them, and shortened", () => {
  assert.equal(shown({ __entity: { type: "Person", id: 'a"b' } }), 'Person::"a\\"b"');
  assert.equal(shown({ __extn: { fn: "decimal", arg: "1.5" } }), "1.5");
  assert.equal(
    shown(Array.from({ length: 12 }, (_, index) => index)),
    "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, … 2 more]",
  );
  assert.equal(shown({ a: { b: { c: { d: 1 } } } }), '{"a": {"b": {"c": {…}}}}');
});
