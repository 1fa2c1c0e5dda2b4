import assert from "node:assert/strict";
import { test } from "node:test";
import { isAuthorized } from "@cedar-policy/cedar-wasm/nodejs";
import fc from "fast-check";
import { cedarSchemaOf } from "../catalog/index.ts";
import type { Id, PersonId } from "../lib/index.ts";
import { cedarRequest } from "./cedar-request.ts";
import { cedarWasmEngine } from "./cedar-wasm.ts";
import { decide } from "./decide.ts";
import { exampleQuestion, givenQuestion } from "./example-question.ts";
import { exampleTool, givenTool } from "./example-tool.ts";
import { differenceOf } from "./oracle.ts";
import type { PolicySet } from "./policy.ts";
import { policySet } from "./policy-set.ts";
import { exampleReceipts } from "./policy-test-receipts.ts";
import { type Question, subjectOf } from "./question.ts";
import { readsOf } from "./reads-of.ts";
import type { GivenReceipt, Verdict } from "./verdict.ts";

const tools = {
  "finance/pay": givenTool.parse({
    labels: ["write"],
    args: { n: "integer", to: "string", amount: "number" },
    amount: { argument: "amount", currency: "EUR" },
    facts: { owner: "string", due: { type: "number", equals: "amount" } },
  }),
};
const { schema } = cedarSchemaOf(Object.entries(tools).map(([name, tool]) => exampleTool(name, tool)));
const setOf = (text: string): PolicySet => policySet([{ name: "laws", text }], schema);
const ask = (given: Record<string, unknown> = {}): Question =>
  exampleQuestion(givenQuestion.parse({ tool: "finance/pay", ...given }), tools);
const reasons = (verdict: Verdict): string[] =>
  "reasons" in verdict ? verdict.reasons.map(({ policy }) => policy) : [];
const allows = ({ verdict }: Verdict): boolean => verdict.startsWith("allow");

/** Policies that hold, do not hold, err, or look at this and that. */
const policy = fc.record({
  effect: fc.constantFrom("permit", "forbid"),
  scope: fc.constantFrom(
    "principal, action, resource",
    'principal is Agent, action in Action::"write", resource',
    'principal, action == Action::"finance/pay", resource',
    'principal, action == Action::"delegate", resource',
    'principal in Team::"ops", action, resource',
  ),
  when: fc.constantFrom(
    "true",
    "false",
    "context.args.n == 1",
    "context.args has n && context.args.n == 1",
    "context.args has n && context.args.n + 9223372036854775807 > 0",
    'context.args has to && context.args.to like "a*"',
    'principal.class == "analysis"',
    "context.risk > 50",
    'context has person && context.person.hasTag("EUR") && context.person.getTag("EUR") >= 500',
    'context has amount && context.amount.greaterThan(decimal("10.0"))',
    "(if context.args has n then context.args.n else 7) == 7",
    'context.facts has owner && context.facts.owner == "ann"',
    "context.authority.covered",
  ),
  lift: fc.constantFrom("", '@lift("manager")', '@lift("mfa")', '@lift("approval(2 of finance)")'),
  duty: fc.constantFrom("", '@mask("iban")', '@log("full")'),
});
type Drawn = { effect: string; scope: string; when: string; lift: string; duty: string };
const policies = fc.array(policy, { maxLength: 6 });

const written = ({ effect, scope, when, lift, duty }: Drawn, index: number): string =>
  `@id("p${index}") @reason("r") ${effect === "forbid" ? lift : duty} ${effect} (${scope}) when { ${when} };`;
const textOf = (drawn: readonly Drawn[]): string => drawn.map(written).join("\n");

const FACTS = { owner: "ann", due: 12 };
const question = fc
  .record({
    args: fc.record(
      { n: fc.constantFrom(0, 1, 7), to: fc.constantFrom("acme", "zeta"), amount: fc.constantFrom(3, 12) },
      { requiredKeys: [] },
    ),
    covered: fc.boolean(),
    risk: fc.constantFrom(0, 100),
    agent: fc.record({
      class: fc.constantFrom("analysis", "reporting"),
      team: fc.constantFrom("ops", "web"),
    }),
    person: fc.record({ limits: fc.constantFrom({ EUR: 500 }, { EUR: 1 }, {}) }),
    facts: fc.constantFrom(FACTS, { owner: "bob" }, {}),
  })
  .map(ask);

const EVERY_YES = { manager: 1, mfa: 1, "approval(2 of finance)": 2 };

test("the order of policies changes nothing but the order in which they are named", () => {
  const unordered = (verdict: Verdict) =>
    JSON.stringify(verdict)
      .replace(/pv_[0-9a-f]+/, "")
      .split("")
      .sort()
      .join("");
  fc.assert(
    fc.property(policies, question, fc.boolean(), (drawn, asked, approved) => {
      const numbered = drawn.map(written);
      const sets = [numbered, numbered.toReversed()].map((lines) => setOf(lines.join("\n")));
      const [one, other] = sets.map((set) =>
        decide(asked, set, exampleReceipts(asked, approved ? EVERY_YES : {}, set)),
      );
      assert.ok(one !== undefined && other !== undefined);
      assert.equal(one.verdict, other.verdict);
      assert.deepEqual(reasons(one).sort(), reasons(other).sort());
      assert.equal(unordered(one), unordered(other));
    }),
    { numRuns: 150 },
  );
});

test("the obligations are those of every permit that decided, and of no other", () => {
  fc.assert(
    fc.property(policies, question, (drawn, asked) => {
      const set = setOf(textOf(drawn));
      const verdict = decide(asked, set, exampleReceipts(asked, EVERY_YES, set));
      if (!("obligations" in verdict)) return;
      const expected = verdict.permits.flatMap(({ id }) => set.policies.get(id)?.obligations ?? []);
      assert.deepEqual(verdict.obligations, expected);
      assert.equal(verdict.verdict, expected.length === 0 ? "allow" : "allow-with-conditions");
    }),
    { numRuns: 150 },
  );
});

test("the engine finds what Cedar finds, given the whole context or only what policies read", () => {
  fc.assert(
    fc.property(policies, question, (drawn, asked) => {
      const set = setOf(textOf(drawn));
      const { members } = readsOf(set, "finance/pay");
      const whole = cedarRequest(asked, set.schema, set.settings);
      const pruned = cedarRequest(asked, set.schema, set.settings, members);
      assert.ok(whole !== undefined && pruned !== undefined);
      const cedars = cedarWasmEngine("candidate", [...set.policies.values()]).evaluate(whole.request);
      for (const { request } of [whole, pruned])
        assert.equal(differenceOf(set.engine.evaluate(request), cedars), undefined);
    }),
    { numRuns: 150 },
  );
});

/** Cedar itself, asked about the same set. */
function plainCedar(set: PolicySet, asked: Question): string {
  const found = cedarRequest(asked, set.schema, set.settings);
  assert.ok(found !== undefined);
  const staticPolicies = Object.fromEntries([...set.policies.values()].map(({ id, text }) => [id, text]));
  const answer = isAuthorized({
    ...found.request,
    policies: { staticPolicies },
  } as unknown as Parameters<typeof isAuthorized>[0]);
  assert.equal(answer.type, "success");
  return answer.type === "success" ? answer.response.decision : "";
}

test("what plain Cedar allows is allowed here too, but for forbids that err and for what is no policy's to say", () => {
  fc.assert(
    fc.property(policies, question, (drawn, asked) => {
      const set = setOf(textOf(drawn));
      const verdict = decide(asked, set, []);
      const plain = plainCedar(set, asked);
      const ours = [
        "authority-not-covered",
        "argument-not-exact",
        "fact-missing",
        "argument-contradicts-fact",
      ];
      const excused =
        verdict.alarms.some(({ effect }) => effect === "forbid") ||
        reasons(verdict).some((id) => ours.includes(id));
      if (plain === "allow") assert.ok(allows(verdict) || excused, verdict.verdict);
      // And without a person's yes, what is allowed here is allowed by plain Cedar.
      if (allows(verdict)) assert.equal(plain, "allow");
    }),
    { numRuns: 150 },
  );
});

const VALUES = { n: [undefined, 0, 1, 7, 9], to: [undefined, "acme", "zeta"], amount: [undefined, 3, 12] };

/** Every call that the open arguments leave room for, with every outcome of the facts. */
function* completions(asked: Question, open: readonly (keyof typeof VALUES)[]): Generator<Question> {
  const rows = open.reduce<Record<string, unknown>[]>(
    (before, name) => before.flatMap((row) => VALUES[name].map((value) => ({ ...row, [name]: value }))),
    [{}],
  );
  for (const row of rows) {
    const chosen = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
    const args = { ...asked.args, ...chosen };
    const { risk } = asked.circumstances ?? {};
    for (const owner of ["ann", "bob"]) {
      const given = {
        args,
        covered: asked.authority.covered,
        risk: risk?.score ?? 0,
        facts: { owner, due: args.amount ?? 0 },
      };
      const { circumstances } = ask(given);
      yield { ...asked, args, circumstances: { ...asked.circumstances, ...circumstances } } as Question;
    }
  }
}

test("what is allowed while arguments are open is allowed for every value that they may take", () => {
  const names = ["n", "to", "amount"] as const;
  let decided = 0;
  fc.assert(
    fc.property(
      policies,
      question,
      fc.subarray([...names], { minLength: 1 }),
      fc.boolean(),
      (drawn, whole, open, any) => {
        const set = setOf(`@id("all") @reason("A") permit (principal, action, resource);\n${textOf(drawn)}`);
        const pinned = Object.fromEntries(
          Object.entries(whole.args).filter(([name]) => !open.includes(name as "n")),
        );
        const bare = ask({
          args: pinned,
          covered: whole.authority.covered,
          risk: whole.circumstances?.risk?.score ?? 0,
        });
        const left = any ? names.filter((name) => !Object.hasOwn(pinned, name)) : open;
        const asked: Question = {
          ...bare,
          agent: whole.agent ?? bare.agent,
          person: whole.person ?? bare.person,
          openArgs: any ? "any" : open,
        } as Question;
        const verdict = decide(asked, set, []);
        if (!allows(verdict)) return;
        decided += 1;
        const { openArgs: _open, ...closed } = asked;
        for (const call of completions(closed, left)) {
          const atCall = decide(call, set, []);
          // A call that says no amount is refused for that, by no policy.
          const unsaid = call.args.amount === undefined && reasons(atCall).join() === "argument-not-exact";
          assert.ok(allows(atCall) || unsaid, `${JSON.stringify(call.args)}: ${reasons(atCall).join()}`);
        }
      },
    ),
    { numRuns: 300 },
  );
  assert.ok(decided > 10, `only ${decided} were allowed`);
});

const PERMIT = '@id("p") @reason("p") permit (principal, action, resource);\n';
const scope = '(principal, action == Action::"finance/pay", resource)';

test("an open argument that a policy reads does not matter where its other conditions already fail", () => {
  const limit = `@id("limit") @reason("l") forbid ${scope} when { principal.class == "analysis" && context.args has n && context.args.n == 3 };`;
  const set = setOf(PERMIT + limit);
  const open = (given: string): Question => ({ ...ask({ agent: { class: given } }), openArgs: ["n"] });
  assert.equal(decide(open("reporting"), set, []).verdict, "allow");
  assert.deepEqual(reasons(decide(open("analysis"), set, [])), ["argument-not-exact"]);
});

test("an amount that is still open, and a fact that follows from it, are open too", () => {
  const limit = `@id("limit") @reason("l") forbid ${scope} when { context.risk > 50 && context has amount && context.amount.greaterThan(decimal("5.0")) };`;
  const owner = `@id("owner") @reason("o") forbid ${scope} when { context.risk > 50 && context.facts has owner && context.facts.owner == "ann" };`;
  const set = setOf(PERMIT + limit + owner);
  const open = (risk: number): Question => ({ ...ask({ risk }), openArgs: ["amount"] });
  assert.equal(decide(open(0), set, []).verdict, "allow");
  assert.deepEqual(reasons(decide(open(100), set, [])), ["argument-not-exact", "fact-missing"]);
});

test("a permit that might bring conditions for some value of an open argument is not passed over", () => {
  const masked = `@id("masked") @reason("m") @mask("iban") permit ${scope} when { context.args has n && context.args.n == 1 };`;
  const question: Question = { ...ask(), openArgs: ["n"] };
  assert.deepEqual(reasons(decide(question, setOf(PERMIT + masked), [])), ["argument-not-exact"]);
  const plain = masked.replace('@mask("iban") ', "");
  assert.equal(decide(question, setOf(PERMIT + plain), []).verdict, "allow");
});

test("a fact that a policy needs and that is missing denies; one that nobody reads does not", () => {
  const owner = `@id("owner") @reason("o") forbid ${scope} unless { context.facts has owner && context.facts.owner == "ann" };`;
  assert.deepEqual(reasons(decide(ask(), setOf(PERMIT + owner), [])), ["fact-missing", "owner"]);
  assert.equal(decide(ask({ facts: FACTS }), setOf(PERMIT + owner), []).verdict, "allow");
  assert.equal(decide(ask(), setOf(PERMIT), []).verdict, "allow");
});

test("an argument that says something else than the fact that it must equal denies, whatever policies say", () => {
  const set = setOf(PERMIT);
  assert.deepEqual(reasons(decide(ask({ args: { amount: 11 }, facts: FACTS }), set, [])), [
    "argument-contradicts-fact",
  ]);
  assert.equal(decide(ask({ args: { amount: 12 }, facts: FACTS }), set, []).verdict, "allow");
  assert.deepEqual(
    reasons(decide(ask({ args: { amount: 12 } }), set, [])),
    ["fact-missing"],
    "it cannot be checked",
  );
});

test("no yes lifts a missing fact or a contradiction", () => {
  const lift = `@id("f") @reason("f") @lift("manager") forbid ${scope} unless { context.facts has owner && context.facts.owner == "ann" };`;
  const set = setOf(PERMIT + lift);
  for (const given of [{}, { args: { amount: 11 }, facts: { ...FACTS, owner: "bob" } }]) {
    const asked = ask(given);
    assert.equal(decide(asked, set, exampleReceipts(asked, EVERY_YES, set)).verdict, "deny");
  }
});

test("decide answers whatever it is given, and never with an allow that nobody gave", () => {
  const set = setOf(`${PERMIT}@id("f") @reason("f") @lift("manager") forbid (principal, action, resource);`);
  const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<never>;
  const member = fc.constantFrom(
    "tool",
    "args",
    "agent",
    "person",
    "chain",
    "task",
    "circumstances",
    "resource",
    "now",
    "openArgs",
    "action",
    "strength",
    "delegate",
  );
  const hostile: GivenReceipt = {
    id: "receipt_x" as Id<"receipt">,
    subject: subjectOf(ask()),
    requirement: "luck",
    person: "person_x" as PersonId,
    lifts: [],
    reaches: [],
    expires: Number.NaN,
  };
  fc.assert(
    fc.property(member, json, (name, value) => {
      const verdict = decide({ ...ask(), [name]: value }, set, [hostile]);
      assert.ok(!allows(verdict));
    }),
    { numRuns: 300 },
  );
  const broken: PolicySet = {
    ...set,
    engine: {
      evaluate: () => {
        throw new RangeError("stack");
      },
    },
  };
  assert.deepEqual(reasons(decide(ask(), broken, [])), ["policy-errored"]);
  const lying: PolicySet = {
    ...set,
    engine: { evaluate: () => ({ satisfiedPermits: ["nobody"], satisfiedForbids: [], erroring: [] }) },
  };
  assert.deepEqual(reasons(decide(ask(), lying, [])), ["policy-errored"]);
});
