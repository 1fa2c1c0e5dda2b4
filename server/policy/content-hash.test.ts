import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256Base64url } from "@countersign/proof/digest";
import { readSet } from "./policy-set.ts";

const policy = (id: string, condition: string) =>
  `@id("${id}") @reason("r") forbid (principal, action, resource) when { ${condition} };`;
const TEXTS = {
  most: policy("most", "context has settings && context.settings.sums.most > 5"),
  least: policy("least", "context.settings.sums.least > 5"),
  other: policy("other", "context.settings.hours.first > 5"),
  whole: policy("whole", "context.settings == context.settings"),
  none: policy("none", "context.args has amount"),
};

function hashes(sums: string, hours: string): Record<string, string> {
  const files = [
    { name: "sums", text: Object.values(TEXTS).join("\n"), settings: sums },
    { name: "hours", text: "", settings: hours },
  ];
  return Object.fromEntries(readSet(files).policies.map(({ id, hash }) => [id, hash]));
}

test("a policy that reads a setting is another one under another value, and under the same value the same", () => {
  const before = hashes("most: 10\nleast: 1", "first: 8");
  assert.deepEqual(hashes("least: 1\nmost: 10", "first: 8"), before);
  const changed = (after: Record<string, string>) =>
    Object.keys(before).filter((id) => after[id] !== before[id]);
  assert.deepEqual(changed(hashes("most: 11\nleast: 1", "first: 8")), ["most", "whole"]);
  assert.deepEqual(changed(hashes("most: 10\nleast: 2", "first: 8")), ["least", "whole"]);
  assert.deepEqual(changed(hashes("most: 10\nleast: 1", "first: 9")), ["other", "whole"]);
});

test("a policy that reads no settings is known by its text", () => {
  assert.equal(hashes("most: 10\nleast: 1", "first: 8").none, sha256Base64url(TEXTS.none));
});
