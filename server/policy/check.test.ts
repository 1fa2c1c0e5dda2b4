import assert from "node:assert/strict";
import { test } from "node:test";
import { cedarSchemaOf, toolOf } from "../catalog/index.ts";
import { checkAgainst, isRefused } from "./check.ts";
import type { PolicyFile } from "./policy.ts";

const pay = toolOf({
  server: "finance",
  name: "pay",
  description: "",
  labels: ["write"],
  inputSchema: { type: "object", properties: { amount: { type: "number" } } },
});
const { schema } = cedarSchemaOf([pay]);

const check = (text: string, more: Partial<PolicyFile> = {}) =>
  checkAgainst([{ name: "test", text, ...more }], schema);
const GOOD = '@id("good") @reason("Good.") permit (principal, action, resource);';

test("a policy that reads an argument without asking whether it is there is refused, at its line and column", () => {
  const text = `// é\n${GOOD}\n\n@id("big")\n@reason("é")\nforbid (principal, action == Action::"finance/pay", resource)\nwhen { context.args.amount.greaterThan(decimal("1.0")) };\n`;
  const [problem, ...others] = check(text);
  assert.deepEqual(others, []);
  assert.deepEqual(
    { ...problem, message: problem?.message.includes("optional attribute") },
    { severity: "error", file: "test.cedar", policy: "big", line: 7, column: 8, message: true },
  );
});

test("what cannot be parsed is refused where it stands", () => {
  const [problem] = check(`${GOOD}\npermit (principal, action, resourc);`);
  assert.deepEqual([problem?.line, problem?.column], [2, 28]);
});

const refused: [string, string][] = [
  ["no @id", '@reason("r") permit (principal, action, resource);'],
  ["an @id of other characters", '@id("A b") @reason("r") permit (principal, action, resource);'],
  ["the @id of a built-in reason", '@id("no-permit") @reason("r") permit (principal, action, resource);'],
  ["no @reason", '@id("a") permit (principal, action, resource);'],
  ["an empty @reason", '@id("a") @reason(" ") permit (principal, action, resource);'],
  ["an unknown requirement", '@id("a") @reason("r") @lift("luck") forbid (principal, action, resource);'],
  [
    "approval by nobody",
    '@id("a") @reason("r") @lift("approval(0 of finance)") forbid (principal, action, resource);',
  ],
  [
    "a requirement written otherwise",
    '@id("a") @reason("r") @lift("approval(02 of finance)") forbid (principal, action, resource);',
  ],
  ["@lift on a permit", '@id("a") @reason("r") @lift("mfa") permit (principal, action, resource);'],
  ["an obligation on a forbid", '@id("a") @reason("r") @mask("x") forbid (principal, action, resource);'],
  ["an empty obligation", '@id("a") @reason("r") @mask permit (principal, action, resource);'],
  ["@lift without a requirement", '@id("a") @reason("r") @lift forbid (principal, action, resource);'],
  ["a misspelled annotation", '@id("a") @reason("r") @maks("x") permit (principal, action, resource);'],
  ["a template", '@id("a") @reason("r") permit (principal == ?principal, action, resource);'],
  [
    "a tool that nobody has pinned",
    '@id("a") @reason("r") permit (principal, action == Action::"finance/steal", resource);',
  ],
  ["the same @id twice", `${GOOD}\n${GOOD}`],
];

for (const [what, text] of refused) {
  test(`${what} is refused`, () => assert.equal(isRefused(check(text)), true));
}

test("a policy that is nested or chained without end is refused, and never fails the check itself", () => {
  const chained = (operator: string, count: number): string =>
    Array.from({ length: count }, () => "context.risk > 1").join(operator);
  const hostile = [
    `${"(".repeat(5_000)}true${")".repeat(5_000)}`,
    `${"!".repeat(3_000)}true`,
    `${"if true then ".repeat(1_000)}true${" else false".repeat(1_000)}`,
    chained(" || ", 5_000),
    `${"{a: ".repeat(2_000)}1${"}".repeat(2_000)} == 1`,
  ];
  for (const condition of hostile) {
    const text = `@id("deep") @reason("r") forbid (principal, action, resource) when { ${condition} };`;
    assert.equal(isRefused(check(text)), true, condition.slice(0, 40));
  }
});

test("the same @id in two files is refused, and so are two files of one name", () => {
  const twice = checkAgainst(
    [
      { name: "a", text: GOOD },
      { name: "b", text: GOOD },
    ],
    schema,
  );
  assert.match(twice[0]?.message ?? "", /taken by a policy in a\.cedar/);
  assert.equal(
    isRefused(
      checkAgainst(
        [
          { name: "a", text: GOOD },
          { name: "a", text: "" },
        ],
        schema,
      ),
    ),
    true,
  );
});

test("thirteen policies in one file keep their places", () => {
  const many = Array.from({ length: 13 }, (_, index) => GOOD.replace("good", `good-${index}`));
  many[11] = '@id("bad") @reason("r") permit (principal is Nobody, action, resource);';
  assert.deepEqual([...new Set(check(many.join("\n")).map(({ line }) => line))], [12]);
});

test("a test that does not come out as promised forbids activation, and says what came out", () => {
  const tests =
    "tests:\n  - name: nobody pays\n    given: { tool: finance/pay }\n    expect: { verdict: deny }\n";
  const [problem] = check(GOOD, { tests: `tools: { finance/pay: {} }\n${tests}` });
  assert.equal(problem?.file, "test.test.yaml");
  assert.equal(problem?.message, "nobody pays: expected verdict deny, got allow");
});

for (const [what, tests] of [
  ["no YAML", "a: b: c"],
  ["an unknown member", "tests: [{ name: x, given: { tol: a }, expect: { verdict: deny } }]"],
  ["no test at all", "tests: []"],
  ["aliases", "tests: &a [{ name: x, given: {}, expect: { verdict: deny } }]\ntools: *a"],
]) {
  test(`a file of tests with ${what} is refused`, () =>
    assert.equal(isRefused(check(GOOD, { tests: tests ?? "" })), true));
}

test("a file's promises hold against the whole set, whatever another file adds", () => {
  const tests =
    "tools: { finance/pay: {} }\ntests:\n  - { name: all may pay, given: { tool: finance/pay }, expect: { verdict: allow } }\n";
  const forbid = '@id("never") @reason("Never.") forbid (principal, action, resource);';
  const problems = checkAgainst(
    [
      { name: "a", text: GOOD, tests },
      { name: "b", text: forbid },
    ],
    schema,
  );
  assert.match(problems[0]?.message ?? "", /got deny/);
});
