import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cedarSchemaOf, toolOf } from "../catalog/index.ts";
import type { Id, PersonId } from "../lib/index.ts";
import { decide } from "./decide.ts";
import { exampleQuestion, givenQuestion } from "./example-question.ts";
import type { Policy, PolicySet } from "./policy.ts";
import { policySet } from "./policy-set.ts";
import { type Question, subjectOf } from "./question.ts";
import type { GivenReceipt, Verdict } from "./verdict.ts";

const tool = toolOf({
  server: "finance",
  name: "pay",
  description: "",
  labels: ["write"],
  inputSchema: { type: "object", properties: { amount: { type: "number" }, n: { type: "integer" } } },
});
const { schema } = cedarSchemaOf([tool]);

const setOf = (text: string): PolicySet => policySet([{ name: "test", text }], schema);
const ask = (given: Record<string, unknown> = {}): Question =>
  exampleQuestion(givenQuestion.parse({ tool: "finance/pay", ...given }));
const ids = (verdict: Verdict): string[] =>
  verdict.verdict === "deny" ? verdict.reasons.map(({ policy }) => policy) : [];

/** A yes by somebody who saw the whole set. */
const yes = (set: PolicySet, question: Question, more: Partial<GivenReceipt> = {}): GivenReceipt => {
  const seen = [...set.policies.values()].map(({ id, hash }) => ({ id, hash }));
  return {
    id: "receipt_1" as Id<"receipt">,
    subject: subjectOf(question),
    requirement: "manager",
    person: "person_mia" as PersonId,
    lifts: seen,
    reaches: seen,
    expires: question.now + 1,
    ...more,
  };
};

const PERMIT = '@id("p") @reason("p") permit (principal, action, resource);\n';
const LIFTABLE = '@id("f") @reason("f") @lift("manager") forbid (principal, action, resource);\n';
const HARD = '@id("h") @reason("h") forbid (principal, action, resource);\n';
/** Reads an argument that is not there. */
const BROKEN = "when { context.args.n == 1 }";

test("without policies everything is denied", () => {
  assert.deepEqual(ids(decide(ask(), undefined, [])), ["no-policy"]);
  assert.deepEqual(ids(decide(ask(), setOf(""), [])), ["no-permit"]);
});

test("a forbid that cannot be evaluated denies and raises an alarm; a permit that cannot is absent", () => {
  const broken = decide(
    ask(),
    setOf(`${PERMIT}@id("b") @reason("b") forbid (principal, action, resource) ${BROKEN};`),
    [],
  );
  assert.deepEqual(ids(broken), ["b"]);
  assert.deepEqual(
    broken.alarms.map(({ policy, effect }) => [policy, effect]),
    [["b", "forbid"]],
  );
  const absent = setOf(`@id("b") @reason("b") permit (principal, action, resource) ${BROKEN};`);
  const verdict = decide(ask(), absent, []);
  assert.deepEqual([ids(verdict), verdict.alarms.length], [["no-permit"], 1]);
});

test("a broken forbid is not lifted by people, even if it could be", () => {
  const set = setOf(
    `${PERMIT}@id("b") @reason("b") @lift("manager") forbid (principal, action, resource) ${BROKEN};`,
  );
  assert.equal(decide(ask(), set, [yes(set, ask())]).verdict, "deny");
});

test("an authority that is not covered denies, and the forbids that hold besides are named", () => {
  const verdict = decide(ask({ covered: false }), setOf(PERMIT + LIFTABLE + HARD), []);
  assert.deepEqual(ids(verdict), ["authority-not-covered", "h", "f"]);
});

test("a tool that is not in the catalog is denied whatever the permits say", () => {
  assert.deepEqual(ids(decide(ask({ tool: "finance/steal" }), setOf(PERMIT), [])), ["unknown-action"]);
  assert.deepEqual(ids(decide(ask({ tool: "constructor" }), setOf(PERMIT), [])), ["unknown-action"]);
  assert.deepEqual(ids(decide(ask({ tool: "call" }), setOf(PERMIT), [])), ["unknown-action"]);
});

test("a value that cannot be compared exactly does not slip past the policy that reads it", () => {
  const limit =
    '@id("limit") @reason("l") forbid (principal, action == Action::"finance/pay", resource) when { context.args has amount && context.args.amount.greaterThan(decimal("5000.0")) };';
  const set = setOf(PERMIT + limit);
  assert.deepEqual(ids(decide(ask({ args: { amount: 5000.0001 } }), set, [])), ["limit"]);
  assert.deepEqual(ids(decide(ask({ args: { amount: 5000.00001 } }), set, [])), ["argument-not-exact"]);
  assert.deepEqual(ids(decide(ask({ args: { amount: "6000" } }), set, [])), ["argument-not-exact"]);
  assert.deepEqual(ids(decide(ask({ args: { amount: null } }), set, [])), ["argument-not-exact"]);
  assert.equal(decide(ask({ args: { amount: 4999, n: 1.5 } }), set, []).verdict, "allow", "nobody reads n");
});

test("an argument that is still open does not slip past the policy that reads it", () => {
  const scope = '(principal, action == Action::"finance/pay", resource)';
  const limit = `@id("limit") @reason("l") forbid ${scope} when { context.args has n && context.args.n == 3 };`;
  const whole = `@id("whole") @reason("w") forbid ${scope} when { context.args == {"n": 3} };`;
  const elsewhere =
    '@id("e") @reason("e") forbid (principal, action == Action::"delegate", resource) when { context.args has n };';
  const open = (openArgs: readonly string[] | "any", args = {}): Question => ({ ...ask({ args }), openArgs });
  const denied = ["argument-not-exact"];
  for (const openArgs of [["n"], ["amount", "n"], "any"] as const) {
    assert.deepEqual(ids(decide(open(openArgs), setOf(PERMIT + limit), [])), denied);
  }
  assert.deepEqual(ids(decide(open(["amount"]), setOf(PERMIT + whole), [])), denied);
  assert.deepEqual(ids(decide(open("any"), setOf(PERMIT + whole), [])), denied);
  assert.deepEqual(ids(decide(open("any", { n: 3 }), setOf(PERMIT + limit), [])), ["limit"], "n is pinned");
  assert.equal(decide(open(["amount"], { n: 2 }), setOf(PERMIT + limit), []).verdict, "allow");
  assert.equal(decide(open([]), setOf(PERMIT + limit), []).verdict, "allow");
  assert.equal(decide(open("any"), setOf(PERMIT + elsewhere), []).verdict, "allow", "nobody reads any");
});

test("a yes does not lift an argument that is still open", () => {
  const reads =
    '@id("f") @reason("f") @lift("manager") forbid (principal, action, resource) unless { context.args has n };';
  const set = setOf(PERMIT + reads);
  const question: Question = { ...ask(), openArgs: ["n"] };
  assert.equal(decide(question, set, [yes(set, question)]).verdict, "deny");
});

test("what we know of the agent and cannot carry denies instead of going missing", () => {
  const verdict = decide(ask({ agent: { purpose: "\ud800" } }), setOf(PERMIT), []);
  assert.deepEqual([ids(verdict), verdict.alarms.length], [["policy-errored"], 1]);
});

test("obligations of every determining permit bind", () => {
  const text =
    '@id("a") @reason("a") @mask("iban") permit (principal, action, resource);\n@id("b") @reason("b") @log("full") permit (principal, action, resource);';
  const verdict = decide(ask(), setOf(text), []);
  assert.equal(verdict.verdict, "allow-with-conditions");
  assert.deepEqual("obligations" in verdict && verdict.obligations, [
    { kind: "mask", value: "iban", policy: "a" },
    { kind: "log", value: "full", policy: "b" },
  ]);
});

test("a yes lifts the forbid that it names, and only for the person's manager, not for other requirements", () => {
  const set = setOf(PERMIT + LIFTABLE);
  const verdict = decide(ask(), set, [yes(set, ask())]);
  assert.equal(verdict.verdict, "allow");
  assert.deepEqual("lifted" in verdict && verdict.lifted.map(({ id }) => id), ["f"]);
  for (const requirement of ["mfa", "approval(1 of finance)"]) {
    assert.equal(decide(ask(), set, [yes(set, ask(), { requirement })]).verdict, "require-approval");
  }
});

test("a forbid or a determining permit that the approver did not see asks again", () => {
  const before = setOf(PERMIT + LIFTABLE);
  const given = [yes(before, ask())];
  const other = '@id("g") @reason("g") @lift("manager") forbid (principal, action, resource);';
  assert.equal(decide(ask(), setOf(PERMIT + LIFTABLE + other), given).verdict, "require-approval");
  const wider = '@id("q") @reason("q") permit (principal, action, resource);';
  assert.equal(decide(ask(), setOf(PERMIT + wider + LIFTABLE), given).verdict, "require-approval");
  const reworded = LIFTABLE.replace('@reason("f")', '@reason("something else")');
  assert.equal(decide(ask(), setOf(PERMIT + reworded), given).verdict, "require-approval");
});

test("two approvals are two people, each counted once", () => {
  const set = setOf(PERMIT + LIFTABLE.replace("manager", "approval(2 of finance)"));
  const by = (person: string) =>
    yes(set, ask(), { requirement: "approval(2 of finance)", person: person as PersonId });
  assert.equal(decide(ask(), set, [by("person_a"), by("person_a")]).verdict, "require-approval");
  assert.equal(decide(ask(), set, [by("person_a"), by("person_b")]).verdict, "allow");
});

test("everything that is missing is named at once", () => {
  const second = LIFTABLE.replace('"f"', '"g"').replace("manager", "mfa");
  const verdict = decide(ask(), setOf(PERMIT + LIFTABLE + second), []);
  assert.deepEqual(verdict.verdict === "require-approval" && verdict.missing, ["manager", "mfa"]);
});

// Laws, on sets made of policies that hold, do not hold, or cannot be evaluated.

const condition = fc.constantFrom("", "when { false }", BROKEN, "when { context.risk > 50 }");
const lift = fc.constantFrom("", '@lift("manager")', '@lift("mfa")', '@lift("approval(2 of finance)")');
const policies = fc.array(fc.record({ permit: fc.boolean(), condition, lift }), { maxLength: 5 });
type Drawn = { permit: boolean; condition: string; lift: string };

const textOf = (drawn: Drawn[]): string =>
  drawn
    .map((one, index) =>
      one.permit
        ? `@id("p${index}") @reason("r") permit (principal, action, resource) ${one.condition};`
        : `@id("p${index}") @reason("r") ${one.lift} forbid (principal, action, resource) ${one.condition};`,
    )
    .join("\n");

const questions = fc
  .record({ covered: fc.boolean(), risk: fc.constantFrom(0, 100) })
  .map((given) => ask(given));

/** As many good yeses as anything could ask for. */
const everyYes = (set: PolicySet, question: Question): GivenReceipt[] =>
  ["manager", "mfa", "approval(2 of finance)"].flatMap((requirement) =>
    ["person_a", "person_b"].map((person) => yes(set, question, { requirement, person: person as PersonId })),
  );

const allows = ({ verdict }: Verdict): boolean => verdict.startsWith("allow");

test("people's yes turns no denial into anything else", () => {
  fc.assert(
    fc.property(policies, questions, (drawn, question) => {
      const set = setOf(textOf(drawn));
      const before = decide(question, set, []);
      const after = decide(question, set, everyYes(set, question));
      if (before.verdict === "deny") assert.deepEqual(after, before);
      else assert.ok(allows(after));
    }),
    { numRuns: 150 },
  );
});

test("one more forbid never turns a denial into anything else, nor a question to people into an allow", () => {
  fc.assert(
    fc.property(policies, questions, condition, lift, (drawn, question, when, how) => {
      const set = setOf(textOf(drawn));
      const more = setOf(textOf([...drawn, { permit: false, condition: when, lift: how }]));
      const [before, after] = [decide(question, set, []), decide(question, more, [])];
      if (before.verdict === "deny") assert.equal(after.verdict, "deny");
      if (before.verdict === "require-approval") assert.ok(!allows(after));
    }),
    { numRuns: 150 },
  );
});

test("a forbid that cannot be evaluated always denies", () => {
  fc.assert(
    fc.property(policies, questions, lift, (drawn, question, how) => {
      const set = setOf(textOf([...drawn, { permit: false, condition: BROKEN, lift: how }]));
      assert.equal(decide(question, set, everyYes(set, question)).verdict, "deny");
    }),
    { numRuns: 150 },
  );
});

test("stale, foreign and partial receipts lift nothing", () => {
  const spoiled: ((receipt: GivenReceipt, question: Question) => GivenReceipt)[] = [
    (receipt, { now }) => ({ ...receipt, expires: now }),
    (receipt) => ({ ...receipt, subject: subjectOf(ask({ args: { n: 2 } })) }),
    (receipt) => ({ ...receipt, lifts: receipt.lifts.slice(1) }),
    (receipt) => ({ ...receipt, reaches: receipt.reaches.map((ref) => ({ ...ref, hash: "other" })) }),
    (receipt) => ({ ...receipt, lifts: receipt.lifts.map((ref) => ({ ...ref, hash: "other" })) }),
  ];
  const always: Drawn[] = [
    { permit: false, condition: "", lift: '@lift("manager")' },
    { permit: true, condition: "", lift: "" },
  ];
  fc.assert(
    fc.property(policies, questions, fc.constantFrom(...spoiled), (drawn, question, spoil) => {
      const set = setOf(textOf([...always, ...drawn]));
      const receipts = everyYes(set, question).map((receipt) => spoil(receipt, question));
      assert.deepEqual(decide(question, set, receipts), decide(question, set, []));
      assert.ok(!allows(decide(question, set, receipts)));
    }),
    { numRuns: 150 },
  );
});

test("what is allowed rests on a permit that holds and an authority that is covered", () => {
  fc.assert(
    fc.property(policies, questions, (drawn, question) => {
      const set = setOf(textOf(drawn));
      const verdict = decide(question, set, everyYes(set, question));
      if (!("permits" in verdict)) return;
      assert.ok(question.authority.covered);
      const effects = verdict.permits.map(
        ({ id }) => set.policies.get(id)?.effect satisfies Policy["effect"] | undefined,
      );
      assert.ok(effects.length > 0 && effects.every((effect) => effect === "permit"));
    }),
    { numRuns: 150 },
  );
});
