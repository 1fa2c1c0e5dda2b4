import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExprJson, PolicyJson } from "../policy-json.ts";
import { OracleRefusal, openOracle } from "./oracle.ts";
import { textsOf } from "./texts.ts";

const request = {
  principal: { type: "User", id: "a" },
  action: { type: "Action", id: "view" },
  resource: { type: "Doc", id: "d" },
  context: { n: 2n ** 63n - 1n },
};

const policy = (effect: "permit" | "forbid", body: ExprJson): PolicyJson => ({
  effect,
  principal: { op: "All" },
  action: { op: "All" },
  resource: { op: "All" },
  conditions: [{ kind: "when", body }],
});

const yes: ExprJson = { Value: true };
const n: ExprJson = { ".": { left: { Var: "context" }, attr: "n" } };
const equals = (left: ExprJson, right: ExprJson): ExprJson => ({ "==": { left, right } });

test("a Deny names the forbids that decided and the permits that did not", () => {
  const oracle = openOracle({ policies: { f: policy("forbid", yes), p: policy("permit", yes) } });
  assert.deepEqual(oracle.ask(request, []), {
    decision: "deny",
    reasons: ["f"],
    permits: ["p"],
    forbids: ["f"],
    errors: [],
  });
});

test("64-bit integers reach the oracle with every digit, in data, in JSON policies and in text", () => {
  const policies = {
    same: policy("permit", equals(n, { Value: 2n ** 63n - 1n })),
    other: policy("permit", equals(n, { Value: 2n ** 63n - 2n })),
  };
  for (const texts of [{}, textsOf({ policies })]) {
    assert.deepEqual(openOracle({ policies }, undefined, texts).ask(request, []).reasons, ["same"]);
  }
});

test("an error is named by its policy and its kind", () => {
  const missing: ExprJson = { ".": { left: { Var: "context" }, attr: "gone" } };
  const policies = {
    b: policy("permit", { "<": { left: { Value: "" }, right: { Value: 1 } } }),
    a: policy("forbid", equals(missing, yes)),
    c: policy("permit", equals({ "+": { left: n, right: { Value: 1 } } }, n)),
  };
  assert.deepEqual(openOracle({ policies }).ask(request, []).errors, [
    { policy: "a", kind: "attribute-does-not-exist" },
    { policy: "b", kind: "type" },
    { policy: "c", kind: "overflow" },
  ]);
});

test("what the oracle cannot read is refused, and a set that was replaced cannot be asked", () => {
  const first = openOracle({ policies: {} });
  assert.throws(() => openOracle({ policies: { p: policy("permit", { nonsense: [] }) } }), OracleRefusal);
  assert.throws(() => first.ask(request, []), /another policy set/);
  const oracle = openOracle({ policies: {} });
  assert.throws(() => oracle.ask({ ...request, context: { s: "\ud800" } }, []), OracleRefusal);
});
