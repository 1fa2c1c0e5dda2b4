import assert from "node:assert/strict";
import { after, test } from "node:test";
import { cedarSchemaOf } from "../catalog/index.ts";
import { type Random, silentLog } from "../lib/index.ts";
import { decide } from "./decide.ts";
import { exampleQuestion, givenQuestion } from "./example-question.ts";
import { exampleTool, givenTool } from "./example-tool.ts";
import { Oracle, watched } from "./oracle.ts";
import type { PolicySet } from "./policy.ts";
import { policySet } from "./policy-set.ts";

const tools = { "finance/pay": givenTool.parse({ labels: ["write"], args: { n: "integer" } }) };
const { schema } = cedarSchemaOf(Object.entries(tools).map(([name, tool]) => exampleTool(name, tool)));
const setOf = (text: string): PolicySet => policySet([{ name: "test", text }], schema);
const question = exampleQuestion(givenQuestion.parse({ tool: "finance/pay", args: { n: 1 } }), tools);
const PERMIT = '@id("p") @reason("p") permit (principal, action, resource) when { context.args has n };\n';
const BROKEN = '@id("b") @reason("b") permit (principal, action, resource) when { context.args.m == 1 };\n';

const oracle = new Oracle({ log: silentLog }, 1);
after(() => oracle.close());
const never: Random = {
  bytes: () => assert.fail("nothing is drawn"),
};

/** The thread starts slower than a decision waits, so it is asked until it has. */
async function underOracle(set: PolicySet): Promise<PolicySet> {
  for (;;) {
    const held = await watched({ oracle, random: never }, set, question);
    if (held !== undefined && held !== set) return held;
  }
}

/** As if the compiler had a bug. */
const wrong = (set: PolicySet, more: Partial<ReturnType<PolicySet["engine"]["evaluate"]>>): PolicySet => ({
  ...set,
  engine: { evaluate: (request) => ({ ...set.engine.evaluate(request), ...more }) },
});

test("where Cedar agrees the decision is what it would have been", async () => {
  for (const text of [PERMIT, PERMIT + BROKEN, ""]) {
    const set = setOf(text);
    assert.deepEqual(decide(question, await underOracle(set), []), decide(question, set, []));
  }
});

test("where Cedar found something else the answer is no, and an alarm that says that engines differ", async () => {
  const differing = [
    wrong(setOf(PERMIT), { satisfiedPermits: [] }),
    wrong(setOf(BROKEN), { satisfiedPermits: ["b"] }),
    wrong(setOf(PERMIT), { satisfiedForbids: ["p"] }),
    wrong(setOf(PERMIT + BROKEN), { erroring: [] }),
  ];
  for (const set of differing) {
    const verdict = decide(question, await underOracle(set), []);
    assert.equal(verdict.verdict, "deny");
    assert.deepEqual(verdict.verdict === "deny" && verdict.reasons.map(({ policy }) => policy), [
      "policy-errored",
    ]);
    assert.deepEqual(
      verdict.alarms.map(({ policy, differs }) => [policy, differs]),
      [["*", true]],
    );
  }
});

test("more sets than Cedar keeps ready are compared one after the other", async () => {
  const sets = ["a", "b", "c", "d"].map((id) => setOf(PERMIT.replace('"p"', `"${id}"`)));
  for (const set of [...sets, ...sets]) {
    const verdict = decide(question, await underOracle(set), []);
    assert.deepEqual("permits" in verdict && verdict.permits.map(({ id }) => id), [...set.policies.keys()]);
  }
});

test("the share is drawn from the chance that is handed in, and 0 draws none", async () => {
  const set = setOf(PERMIT);
  const drawing = (high: number, low: number): Random => ({ bytes: () => Uint8Array.of(high, low) });
  const oneIn = (share: number) => new Oracle({ log: silentLog }, share);
  assert.equal(await watched({ oracle: oneIn(0), random: never }, set, question), set);
  const unlucky = oneIn(100);
  assert.equal(await watched({ oracle: unlucky, random: drawing(0, 1) }, set, question), set);
  assert.equal(await watched({ oracle: unlucky, random: drawing(1, 0) }, set, question), set);
  for (;;) {
    if ((await watched({ oracle: unlucky, random: drawing(0, 200) }, set, question)) !== set) break;
  }
  await unlucky.close();
});

test("without an oracle, and without policies, there is nothing to compare", async () => {
  const set = setOf(PERMIT);
  assert.equal(await watched({ random: never }, set, question), set);
  assert.equal(await watched({ oracle, random: never }, undefined, question), undefined);
});
