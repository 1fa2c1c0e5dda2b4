import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { grantOf, parseGrant, parseShortForm, ShortFormError } from "./index.ts";

test("a resource and a verb are a scope without arguments", () => {
  assert.deepEqual(parseShortForm("reports:write"), { kind: "scope", resource: "reports", verb: "write" });
});

test("a server and a tool are a tool with any arguments", () => {
  assert.deepEqual(parseShortForm("finance/approveExpense"), {
    kind: "tool",
    resource: "finance",
    tool: "approveExpense",
    open_args: true,
  });
});

test("arguments in parentheses are the only ones", () => {
  assert.deepEqual(parseShortForm('finance/approveExpense(amount <= 20000, dept in ["41","42"])'), {
    kind: "tool",
    resource: "finance",
    tool: "approveExpense",
    args: { amount: { op: "range", max: 20000 }, dept: { op: "in", values: ["41", "42"] } },
  });
  assert.deepEqual(parseShortForm("finance/list()").args, {});
  assert.equal(parseShortForm("finance/list()").open_args, undefined);
});

test("every condition means what it says", () => {
  const short = parseShortForm(
    'a/b(a == "x", b == -1.5, c == true, d == null, e >= 1, f < 10, g under "/data/in", h, i? <= 5, j?, k in [1, "x", false])',
  );
  assert.deepEqual(short.args, {
    a: { op: "eq", value: "x" },
    b: { op: "eq", value: -1.5 },
    c: { op: "eq", value: true },
    d: { op: "eq", value: null },
    e: { op: "range", min: 1 },
    f: { op: "range", max: 9 },
    g: { op: "under", path: "/data/in" },
    h: { op: "any" },
    i: { op: "range", max: 5, optional: true },
    j: { op: "any", optional: true },
    k: { op: "in", values: [1, "x", false] },
  });
});

test("two conditions on one argument hold both", () => {
  assert.deepEqual(parseShortForm("a/b(n >= 1, n <= 5)").args, { n: { op: "range", min: 1, max: 5 } });
  assert.throws(() => parseShortForm("a/b(n >= 6, n <= 5)"), ShortFormError);
});

test("three dots leave the other arguments open", () => {
  const short = parseShortForm("a/b(amount <= 5, ...)");
  assert.deepEqual(short.args, { amount: { op: "range", max: 5 } });
  assert.equal(short.open_args, true);
});

test("words that begin like an operator are names", () => {
  assert.deepEqual(parseShortForm("a/b(in, under, index, trueish)").args, {
    in: { op: "any" },
    under: { op: "any" },
    index: { op: "any" },
    trueish: { op: "any" },
  });
});

test("a string may hold anything that stands for something outside it", () => {
  assert.deepEqual(parseShortForm('a/b(x == "a, b) \\" ...")').args, {
    x: { op: "eq", value: 'a, b) " ...' },
  });
});

test("a pattern is read, and becomes a grant only through a catalog", () => {
  const short = parseShortForm("ec2:Describe*");
  assert.deepEqual(short, { kind: "scope", resource: "ec2", verb: "Describe*", pattern: true });
  assert.equal(parseShortForm("finance/*").pattern, true);
  assert.throws(() => grantOf(short, () => "https://a"), RangeError);
});

test("a short form stands for a grant", () => {
  const locate = ({ resource, kind }: { resource: string; kind: string }) =>
    `https://${kind}.example/${resource}`;
  assert.deepEqual(grantOf(parseShortForm("reports:write"), locate), {
    type: "scope",
    locations: ["https://scope.example/reports"],
    actions: ["write"],
    identifier: "reports",
  });
  assert.deepEqual(grantOf(parseShortForm("finance/pay(amount <= 5)"), locate), {
    type: "agent_tool",
    locations: ["https://tool.example/finance"],
    actions: ["tools/call"],
    identifier: "finance/pay",
    args: { amount: { op: "range", max: 5 } },
  });
  assert.equal(grantOf(parseShortForm("finance/pay"), locate).open_args, true);
});

for (const text of [
  "",
  "reports",
  ":write",
  "reports:",
  "reports:write:now",
  "reports/a/b",
  "a/b:c",
  "*/b",
  "re*:write",
  "a/*b",
  "a/**",
  "../b",
  "a/..",
  "a/b(",
  "a/b)",
  "a/b(x",
  "a/b(x,)y",
  "a/b(x y)",
  "a/b(x = 5)",
  "a/b(x > 5)",
  "a/b(x <= )",
  'a/b(x <= "5")',
  "a/b(x < 5.5)",
  "a/b(x <= 0.00001)",
  "a/b(x <= 9007199254740993)",
  "a/b(x < -9007199254740991)",
  "a/b(x <= 01)",
  "a/b(x in [])",
  "a/b(x in [1,1])",
  "a/b(x in 1)",
  "a/b(x in [1,)",
  'a/b(x under "a")',
  'a/b(x under "/a/../b")',
  "a/b(x under /a)",
  'a/b(x == "a)',
  'a/b(x == "\\ud800")',
  'a/b(x == "\\q")',
  "a/b(x == truefalse)",
  "a/b(..., x)",
  "a/b(x) y",
  "a\n/b",
  "a/b(x == \u201c5\u201d)",
  `a/b(${"x, ".repeat(2000)})`,
]) {
  test(`${JSON.stringify(text.slice(0, 40))} is no short form`, () => {
    assert.throws(
      () => parseShortForm(text),
      (error) => error instanceof ShortFormError && error.at <= 4096,
    );
  });
}

test("whatever is read becomes a grant that can be read, and nothing else is thrown", () => {
  const piece = fc.constantFrom(
    "a",
    "b",
    "/",
    ":",
    "(",
    ")",
    ",",
    "...",
    "?",
    "<=",
    "==",
    "<",
    "in",
    "under",
    "[",
    "]",
    '"x"',
    '"/p"',
    "5",
    "1.5",
    "true",
    "*",
    " ",
  );
  const property = fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
    try {
      const short = parseShortForm(`a/b${pieces.join("")}`);
      if (short.pattern) return;
      const grant = grantOf(short, () => "https://a");
      assert.deepEqual(parseGrant(JSON.parse(JSON.stringify(grant))), grant);
    } catch (error) {
      assert.ok(error instanceof ShortFormError);
    }
  });
  fc.assert(property, { numRuns: 1000 });
});
