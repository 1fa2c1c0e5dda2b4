import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hours, minutes, STRENGTHS } from "../lib/index.ts";
import { assess, bandOf, type Observations } from "./risk.ts";

const observations: fc.Arbitrary<Observations> = fc.record({
  strength: fc.constantFrom(...STRENGTHS),
  evidenceAge: fc.integer({ min: -minutes(5), max: hours(1_000) }),
  refusals: fc.nat(1_000),
  newTools: fc.nat(1_000),
});

const ordinary: Observations = { strength: "enrolled-key", evidenceAge: 0, refusals: 0, newTools: 0 };

test("risk lies between 0 and 100 and is the sum of its parts, as far as that goes", () => {
  fc.assert(
    fc.property(observations, (seen) => {
      const { score, parts } = assess(seen);
      const sum = Object.values(parts).reduce((total, part) => total + part, 0);
      assert.ok(Number.isInteger(score) && score >= 0);
      assert.equal(score, Math.min(sum, 100));
    }),
  );
});

test("risk never falls when any one thing gets worse", () => {
  fc.assert(
    fc.property(observations, observations, (a, b) => {
      const worse: Observations = {
        strength:
          STRENGTHS[Math.max(STRENGTHS.indexOf(a.strength), STRENGTHS.indexOf(b.strength))] ?? a.strength,
        evidenceAge: Math.max(a.evidenceAge, b.evidenceAge),
        refusals: Math.max(a.refusals, b.refusals),
        newTools: Math.max(a.newTools, b.newTools),
      };
      assert.ok(assess(worse).score >= assess(a).score);
    }),
  );
});

test("an ordinary agent that has just enrolled is of low risk", () => {
  assert.equal(bandOf(assess(ordinary).score), "low");
});

test("an ordinary agent that was refused a few times still needs nobody", () => {
  assert.ok(assess({ ...ordinary, refusals: 12 }).score <= 80);
});

test("old evidence, new tools and many refusals of an enrolled key are a high risk", () => {
  const seen = { ...ordinary, evidenceAge: hours(30), refusals: 20, newTools: 3 };
  assert.equal(bandOf(assess(seen).score), "high");
});

test("a static key that is refused again and again is a high risk by that alone", () => {
  assert.equal(bandOf(assess({ ...ordinary, strength: "static-key", refusals: 15 }).score), "high");
});

test("evidence from the future counts as fresh, not as less than nothing", () => {
  assert.deepEqual(assess({ ...ordinary, evidenceAge: -hours(3) }), assess(ordinary));
});
