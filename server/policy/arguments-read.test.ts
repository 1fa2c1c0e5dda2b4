import assert from "node:assert/strict";
import { test } from "node:test";
import { policyToJson } from "@cedar-policy/cedar-wasm/nodejs";
import { argumentsRead } from "./arguments-read.ts";

function read(condition: string): readonly string[] | "any" {
  const answer = policyToJson(`permit (principal, action, resource) when { ${condition} };`);
  assert.equal(answer.type, "success", condition);
  return argumentsRead(answer.type === "success" ? answer.json.conditions : []);
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
    assert.deepEqual(read(condition), expected);
  });
}
