import assert from "node:assert/strict";
import { test } from "node:test";
import { sample } from "fast-check";
import type { OracleAnswer } from "../oracle/oracle.ts";
import { type AnsweredWorld, answer } from "./answered-world.ts";
import { difference } from "./difference.ts";
import { readTexts } from "./read-texts.ts";
import { worlds } from "./worlds.ts";

const answered = sample(worlds(2), { numRuns: 30, seed: 3 })
  .map(answer)
  .filter((each) => each !== undefined);

/** The same world, the oracle's first answer changed. */
const claiming = (each: AnsweredWorld, claim: Partial<OracleAnswer>): AnsweredWorld => ({
  ...each,
  answers: each.answers.map((said, i) => (i === 0 && said !== undefined ? { ...said, ...claim } : said)),
});

test("equal answers are no difference", () => {
  assert.ok(answered.length > 20);
  for (const each of answered) assert.equal(difference(each, readTexts), undefined);
});

test("an answer that differs in any part is a difference, shown with the case that it was given for", () => {
  const error = { policy: "stranger", kind: "overflow" } as const;
  for (const each of answered) {
    const said = each.answers[0];
    if (said === undefined) continue;
    const claims: Partial<OracleAnswer>[] = [
      { decision: said.decision === "allow" ? "deny" : "allow" },
      { reasons: [...said.reasons, "stranger"] },
      { permits: [...said.permits, "stranger"] },
      { forbids: [...said.forbids, "stranger"] },
      { errors: [...said.errors, error] },
    ];
    for (const claim of claims) {
      const shown = difference(claiming(each, claim), readTexts);
      assert.match(shown ?? "", /^expected: .*\nfound: .*\nworld: .*"requests":\[\{/m);
    }
  }
});

test("an error of another kind is a difference", () => {
  const erring = answered.filter(({ answers }) => (answers[0]?.errors.length ?? 0) > 0);
  assert.ok(erring.length > 0);
  for (const each of erring) {
    const errors =
      each.answers[0]?.errors.map(({ policy }) => ({ policy, kind: "recursion" as const })) ?? [];
    assert.notEqual(difference(claiming(each, { errors }), readTexts), undefined);
  }
});

test("policies that our engine refuses while the oracle answers are a difference", () => {
  const [each] = answered;
  assert.ok(each !== undefined);
  const spoilt = { ...each.world, form: "json", source: { policies: { p: {} } } } as never;
  assert.match(difference({ ...each, world: spoilt }, readTexts) ?? "", /CompileError/);
});
