import assert from "node:assert/strict";
import { test } from "node:test";
import { cedarSchemaOf, toolOf } from "../catalog/index.ts";
import { checkAgainst, isRefused } from "./check.ts";
import { shippedPolicies } from "./shipped.ts";

const publish = toolOf({
  server: "reports",
  name: "publish",
  description: "",
  labels: ["write", "external"],
  inputSchema: { type: "object", properties: { title: { type: "string" } } },
});

test("the shipped policies pass every check and their own tests, without a single warning", async () => {
  assert.deepEqual(checkAgainst(await shippedPolicies(), cedarSchemaOf([publish]).schema), []);
});

test("they can be activated where no tool is pinned yet", async () => {
  assert.equal(isRefused(checkAgainst(await shippedPolicies(), cedarSchemaOf([]).schema)), false);
});

test("each shipped file has tests beside it", async () => {
  for (const { tests = "" } of await shippedPolicies()) assert.match(tests, /expect:/);
});
