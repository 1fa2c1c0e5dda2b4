import assert from "node:assert/strict";
import { test } from "node:test";
import { cedarSchemaOf, toolOf } from "../catalog/index.ts";
import { checkAgainst } from "./check.ts";
import type { PolicyFile, Problem } from "./policy.ts";

const { schema } = cedarSchemaOf([
  toolOf({
    server: "finance",
    name: "pay",
    description: "",
    labels: ["write"],
    inputSchema: { type: "object", properties: {} },
  }),
]);

const ALL = '@id("all") @reason("All.") permit (principal, action in Action::"call", resource);\n';
const check = (text: string, tests?: string, name = "test"): Problem[] =>
  checkAgainst([fileOf(text, tests, name)], schema);
const fileOf = (text: string, tests?: string, name = "test"): PolicyFile => ({
  name,
  text,
  ...(tests === undefined ? {} : { tests }),
});
const places = (problems: Problem[]): [string, number, number][] =>
  problems.map(({ file, line, column }) => [file, line, column]);

const TOOLS = `tools:
  crm/read: { labels: [read], data: [customer-data] }
  web/fetch: { labels: [read], untrusted: true }
  mail/send: { labels: [write, external] }
  finance/pay: { labels: [write], args: { amount: number }, amount: { argument: amount, currency: EUR } }
`;
const UNCOVERED = `  - name: what the chain does not cover is denied
    given: { tool: mail/send, covered: false }
    expect: { verdict: deny }
`;

test("after customer data was read nothing leaves, and before it may", () => {
  const forbid =
    '@id("toxic") @reason("T.") forbid (principal, action in Action::"external", resource) when { context has history && context.history.labels.contains("customer-data") };';
  const tests = `${TOOLS}tests:
${UNCOVERED}  - name: customer data does not leave
    scenario:
      - { call: { tool: mail/send }, expect: { verdict: allow } }
      - { call: { tool: crm/read }, expect: { verdict: allow } }
      - { call: { tool: mail/send }, expect: { verdict: deny, reasons: [toxic] } }
      - { call: { tool: mail/send, agent: { name: sub-agent } }, expect: { verdict: deny, reasons: [toxic] } }
      - { after: 30d, call: { tool: mail/send }, expect: { verdict: deny } }
`;
  assert.deepEqual(check(ALL + forbid, tests), []);
});

test("a call that was not allowed leaves no trace in what the task remembers", () => {
  const forbid =
    '@id("toxic") @reason("T.") forbid (principal, action in Action::"external", resource) when { context has history && context.history.untrusted };';
  const tests = `${TOOLS}tests:
  - name: a refused read taints nothing
    scenario:
      - { call: { tool: web/fetch, covered: false }, expect: { verdict: deny } }
      - { call: { tool: mail/send }, expect: { verdict: allow } }
      - { call: { tool: web/fetch }, expect: { verdict: allow } }
      - { call: { tool: mail/send }, expect: { verdict: deny, reasons: [toxic] } }
`;
  assert.deepEqual(check(ALL + forbid, tests), []);
});

test("a window slides by the times that a scenario gives, and sums grow by what calls move", () => {
  const forbid = `@id("fast") @reason("F.") forbid (principal, action in Action::"read", resource) when { context has window.agent_minute && context.window.agent_minute >= 2 };
@id("sum") @reason("S.") @lift("manager") forbid (principal, action == Action::"finance/pay", resource) when { context has history.amount_after && context.history.amount_after.greaterThan(decimal("100.0")) };`;
  const tests = `${TOOLS}tests:
${UNCOVERED}  - name: two reads a minute
    scenario:
      - { call: { tool: crm/read }, expect: { verdict: allow } }
      - { after: 30s, call: { tool: crm/read }, expect: { verdict: allow } }
      - { after: 29s, call: { tool: crm/read }, expect: { verdict: deny, reasons: [fast] } }
      - { after: 1s, call: { tool: crm/read }, expect: { verdict: allow } }
      - { call: { tool: crm/read, agent: { name: another } }, expect: { verdict: allow } }
  - name: a hundred for the whole task
    given: { tool: finance/pay }
    scenario:
      - { call: { args: { amount: 60 } }, expect: { verdict: allow } }
      - { call: { args: { amount: 40.01 } }, expect: { verdict: require-approval, missing: [manager] } }
      - { call: { args: { amount: 40 } }, expect: { verdict: allow } }
      - { call: { args: { amount: 0.01 } }, approved: { manager: 1 }, expect: { verdict: allow } }
      - { call: { args: { amount: 0.01 }, person: { id: person_other } }, expect: { verdict: require-approval } }
`;
  assert.deepEqual(check(ALL + forbid, tests), []);
});

test("a broken promise is told where it stands, call by call", () => {
  const tests = `${TOOLS}tests:
${UNCOVERED}  - name: nobody reads
    scenario:
      - { call: { tool: crm/read }, expect: { verdict: allow } }
      - call: { tool: crm/read }
        expect: { verdict: deny }
`;
  const problems = check(ALL, tests);
  assert.deepEqual(places(problems), [["test.test.yaml", 13, 9]]);
  assert.equal(problems[0]?.message, "nobody reads, call 2: expected verdict deny, got allow");
});

for (const [what, tests, line, column] of [
  ["no YAML", "tests:\n  - a: b: c", 2, 8],
  [
    "an unknown member",
    `${TOOLS}tests:\n  - name: x\n    given: { tol: a }\n    expect: { verdict: deny }\n`,
    8,
    12,
  ],
  ["an unknown verdict", `${TOOLS}tests:\n  - name: x\n    given: {}\n    expect: { verdict: no }\n`, 9, 24],
  ["no expectation", `${TOOLS}tests:\n  - name: x\n    given: {}\n`, 7, 5],
  [
    "a step without a call",
    `tests:\n  - name: x\n    scenario:\n      - { expect: { verdict: deny } }\n`,
    4,
    9,
  ],
  [
    "a span without a unit",
    `tests:\n  - name: x\n    scenario:\n      - { after: 61, call: {}, expect: { verdict: deny } }\n`,
    4,
    18,
  ],
  [
    "a history that is set",
    `tests:\n  - name: x\n    scenario:\n      - { call: { history: {} }, expect: { verdict: deny } }\n`,
    4,
    28,
  ],
  [
    "a time that is set later",
    `tests:\n  - name: x\n    scenario:\n      - { call: {}, expect: { verdict: deny } }\n      - { call: { now: 2026-01-01T00:00:00Z }, expect: { verdict: deny } }\n`,
    5,
    24,
  ],
] as const) {
  test(`a file of tests with ${what} is refused where it stands`, () => {
    const [first] = check(ALL, tests);
    assert.deepEqual(
      [first?.file, first?.line, first?.column],
      ["test.test.yaml", line, column],
      first?.message,
    );
  });
}

const permits: [string, string, boolean][] = [
  ["everything", "action", true],
  ["every call", 'action in Action::"call"', true],
  ["what writes", 'action in Action::"write"', true],
  ["what destroys", 'action in Action::"destructive"', true],
  ["what leaves", 'action in [Action::"read", Action::"external"]', true],
  ["one tool that writes", 'action == Action::"finance/pay"', true],
  ["what reads", 'action in Action::"read"', false],
  ["delegating", 'action == Action::"delegate"', false],
];

for (const [what, scope, needed] of permits) {
  test(`a permit for ${what} ${needed ? "needs" : "does not need"} a test that shows where it ends`, () => {
    const text = `// one\n  @id("p") @reason("P.") permit (principal is Agent, ${scope}, resource);\n`;
    const problems = check(text);
    assert.deepEqual(places(problems), needed ? [["test.cedar", 2, 3]] : []);
    if (needed) assert.match(problems[0]?.message ?? "", /needs a test in test\.test\.yaml/);
  });
}

test("only a test in the same file, of an action that the permit is for, and that stops it, counts", () => {
  const pays = '@id("pays") @reason("P.") permit (principal, action == Action::"finance/pay", resource);\n';
  const testOf = (given: string, verdict: string): string =>
    `${TOOLS}tests:\n  - { name: x, given: { ${given} }, expect: { verdict: ${verdict} } }\n`;
  assert.deepEqual(check(pays, testOf("tool: finance/pay, covered: false", "deny")), []);
  assert.equal(check(pays, testOf("tool: finance/pay", "allow")).length, 1);
  assert.equal(check(pays, testOf("tool: crm/read", "deny")).length, 1);
  assert.equal(check(pays, testOf("tool: finance/none", "deny")).length, 1, "a tool that is not there");
  const elsewhere = fileOf("", testOf("tool: finance/pay, covered: false", "deny"), "other");
  assert.equal(checkAgainst([fileOf(pays), elsewhere], schema).length, 1);
});

test("settings decide, and one that is not there is refused where it is read", () => {
  const limit =
    '@id("limit") @reason("L.") forbid (principal, action == Action::"finance/pay", resource) when { context has amount && context.amount.greaterThan(context.settings.limits.most) };';
  const tests = `${TOOLS}tests:
  - { name: a, given: { tool: finance/pay, args: { amount: 6 } }, expect: { verdict: deny, reasons: [limit] } }
  - { name: b, given: { tool: finance/pay, args: { amount: 5 } }, expect: { verdict: allow } }
`;
  const withPay = cedarSchemaOf([
    toolOf({
      server: "finance",
      name: "pay",
      description: "",
      labels: ["write"],
      inputSchema: { type: "object", properties: { amount: { type: "number" } } },
    }),
  ]).schema;
  const file = { name: "limits", text: ALL + limit, tests };
  assert.deepEqual(checkAgainst([{ ...file, settings: 'most: { decimal: "5.0" }\n' }], withPay), []);
  const [problem] = checkAgainst([{ ...file, settings: "least: 5\n" }], withPay);
  assert.deepEqual([problem?.file, problem?.line, problem?.policy], ["limits.cedar", 2, "limit"]);
  const [broken] = checkAgainst([{ ...file, settings: "most: 5.0\n" }], withPay);
  assert.deepEqual([broken?.file, broken?.line], ["limits.settings.yaml", 1]);
});

test("a policy that can never hold is a warning where it stands, and no error", () => {
  const never =
    '\n@id("never") @reason("N.") forbid (principal is Agent, action == Action::"approve", resource);';
  const problems = check(never);
  assert.deepEqual(
    problems.map(({ severity, policy, line }) => [severity, policy, line]),
    [["warning", "never", 2]],
  );
});
