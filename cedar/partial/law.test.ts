import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Answer } from "../answer.ts";
import { compile } from "../compile.ts";
import { worlds } from "../fuzz/worlds.ts";
import { decidePartially } from "../partial.ts";
import type { PolicyJson } from "../policy-json.ts";
import { PolicySet } from "../policy-set.ts";
import { blank, type Dice } from "./fuzz/blanks.ts";
import { opened } from "./fuzz/open-world.ts";
import type { PartialRequest } from "./request.ts";
import type { Residual } from "./residual.ts";

/** A long search is started by hand, with more runs. */
const runs = { numRuns: Number(process.env.COUNTERSIGN_PARTIAL_RUNS ?? 250) };
const numbers = fc.array(fc.nat(1000), { minLength: 30, maxLength: 60, size: "max" });

function diceOf(rolls: readonly number[]): Dice {
  let next = 0;
  return () => rolls[next++ % rolls.length] ?? 0;
}

/** The residual's own conditions, as policies for any engine. */
function conditionsOf({ residuals }: Residual): { policies: Record<string, PolicyJson> } {
  const all = { op: "All" } as const;
  const policies = residuals.map(({ policy, effect, condition }): [string, PolicyJson] => [
    policy,
    { effect, principal: all, action: all, resource: all, conditions: [{ kind: "when", body: condition }] },
  ]);
  return { policies: Object.fromEntries(policies) };
}

function only(answer: Answer, ids: ReadonlySet<string>) {
  return {
    permits: answer.permits.filter((id) => ids.has(id)),
    forbids: answer.forbids.filter((id) => ids.has(id)),
    errors: answer.errors.filter(({ policy }) => ids.has(policy)),
  };
}

function requireCertain(residual: Residual, whole: Answer): void {
  if (residual.decision !== undefined) assert.equal(residual.decision, whole.decision);
  for (const id of residual.permits) assert.ok(whole.permits.includes(id));
  for (const id of residual.forbids) assert.ok(whole.forbids.includes(id));
  for (const error of residual.errors) {
    assert.deepEqual(
      whole.errors.find(({ policy }) => policy === error.policy),
      error,
    );
  }
}

test("completing a residual is deciding the whole request, for every filling", () => {
  const law = fc.property(worlds(4), numbers, (world, rolls) => {
    const { schema, set, store } = opened(world) ?? {};
    if (set === undefined || store === undefined) return;
    const dice = diceOf(rolls);
    for (const request of world.requests) {
      const { partial, fillings } = blank(world, request, dice);
      const residual = set.partial(partial, store);
      const conditions = compile(conditionsOf(residual), schema);
      const open = new Set(residual.residuals.map(({ policy }) => policy));
      for (const { known, whole } of fillings) {
        const expected = set.decide(whole, store);
        assert.deepEqual(residual.decide(known), expected);
        assert.deepEqual(only(conditions.decide(whole, store), open), only(expected, open));
        requireCertain(residual, expected);
      }
    }
  });
  fc.assert(law, runs);
});

test("where nothing is unknown nothing remains, and where something remains it is about the unknown", () => {
  const law = fc.property(worlds(4), numbers, (world, rolls) => {
    const { set, store } = opened(world) ?? {};
    if (set === undefined || store === undefined) return;
    const dice = diceOf(rolls);
    for (const request of world.requests) {
      const complete = set.partial(request, store);
      assert.deepEqual(complete.residuals, []);
      assert.deepEqual(complete.decide({}), set.decide(request, store));
      const { partial } = blank(world, request, dice);
      for (const { condition } of set.partial(partial, store).residuals) {
        assert.ok(mentions(condition, unknownVariables(partial)));
      }
    }
  });
  fc.assert(law, runs);
});

function unknownVariables(request: PartialRequest): string[] {
  const places = (["principal", "action", "resource"] as const).filter(
    (place) => "unknown" in request[place],
  );
  return (request.unknowns ?? []).length > 0 ? [...places, "context"] : places;
}

function mentions(json: unknown, variables: readonly string[]): boolean {
  if (typeof json !== "object" || json === null) return false;
  if ("Var" in json) return variables.includes(json.Var as string);
  return Object.values(json).some((part) => mentions(part, variables));
}

test("the scope index leaves out only policies that cannot apply", () => {
  const law = fc.property(worlds(4), numbers, (world, rolls) => {
    const { set, store } = opened(world) ?? {};
    if (set === undefined || store === undefined) return;
    const dice = diceOf(rolls);
    for (const request of world.requests) {
      const { partial } = blank(world, request, dice);
      const everyPolicy = { index: { find: () => [...set.policies] }, schema: set.schema };
      const { decide: _, ...scanned } = decidePartially(everyPolicy, partial, store, (policies, index) => {
        return new PolicySet(policies, index, set.schema);
      });
      const { decide: __, ...indexed } = set.partial(partial, store);
      assert.deepEqual(indexed, scanned);
    }
  });
  fc.assert(law, runs);
});
