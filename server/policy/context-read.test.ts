import assert from "node:assert/strict";
import { test } from "node:test";
import { policyToJson } from "@cedar-policy/cedar-wasm/nodejs";
import { type ContextRead, contextRead, readTogether } from "./context-read.ts";

function read(condition: string): ContextRead {
  const answer = policyToJson(`permit (principal, action, resource) when { ${condition} };`);
  assert.equal(answer.type, "success", condition);
  return contextRead(answer.type === "success" ? answer.json.conditions : []);
}

const cases: [string, readonly string[] | "any"][] = [
  ["true", []],
  ["context.risk > 80 && context.authority.covered", []],
  ["context has args", []],
  ['principal.name == "context.args.amount"', []],
  ["context.args has amount", ["amount"]],
  ['context.args has "a-b"', ["a-b"]],
  ["context has args.amount", ["amount"]],
  ["context.args has address.city", ["address"]],
  ["context.args.address.city == context.args.b", ["address", "b"]],
  ['context["args"]["amount"] == 1', ["amount"]],
  ["if context.args has x then context.args.y else context.risk > 1", ["x", "y"]],
  ['{"x": context.args.a} == {"x": resource.name}', ["a"]],
  ['{".": 1, "x": context.args.a} has x', ["a"]],
  ["[context.args.tags] == []", ["tags"]],
  ["context.args == {}", "any"],
  ["[context.args].isEmpty()", "any"],
  ["context == context", "any"],
  ["(if true then context else context).args.amount == 1", "any"],
];

for (const [condition, expected] of cases) {
  test(`${condition} reads ${expected === "any" ? "any argument" : expected.join(", ") || "no argument"}`, () => {
    assert.deepEqual(read(condition).args, expected);
    assert.deepEqual(read(condition.replaceAll("args", "facts")).facts, expected, "facts likewise");
    assert.deepEqual(read(condition.replaceAll("args", "window")).windows, expected, "windows likewise");
  });
}

const members: [string, readonly string[] | "any"][] = [
  ["true", []],
  ['context.risk > 80 && context.history.labels.contains("x")', ["history", "risk"]],
  ["context has window && context.window has agent_minute", ["window"]],
  ["context has window.agent_minute", ["window"]],
  ['resource.name == "context.risk"', []],
  ["[context].isEmpty()", "any"],
];

for (const [condition, expected] of members) {
  test(`${condition} reads ${expected === "any" ? "every member" : expected.join(", ") || "no member"}`, () =>
    assert.deepEqual(read(condition).members, expected));
}

test("what several read is what each of them reads", () => {
  const together = readTogether([read("context.args.b == context.args.a"), read("context.risk > 1")]);
  assert.deepEqual(together, { members: ["args", "risk"], args: ["a", "b"], facts: [], windows: [] });
  assert.equal(readTogether([read("context == context"), read("true")]).members, "any");
});
