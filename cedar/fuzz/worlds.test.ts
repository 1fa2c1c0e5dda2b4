import assert from "node:assert/strict";
import { test } from "node:test";
import { sample, type Value } from "fast-check";
import type { PolicyJson } from "../policy-json.ts";
import { answer } from "./answered-world.ts";
import type { World } from "./world.ts";
import { worlds } from "./worlds.ts";

const SEED = 7;
const drawn = sample(worlds(4), { numRuns: 1000, seed: SEED });

const OPERATORS = [
  ..."Value Var ! neg isEmpty == != in < <= > >= && || + - * contains containsAll containsAny".split(" "),
  ..."getTag hasTag . has like is if-then-else Set Record decimal ip datetime duration".split(" "),
  ..."lessThan lessThanOrEqual greaterThan greaterThanOrEqual isIpv4 isIpv6 isLoopback isMulticast".split(
    " ",
  ),
  ..."isInRange offset durationSince toDate toTime toMilliseconds toSeconds toMinutes toHours toDays".split(
    " ",
  ),
];

test("the worlds use every operator and every extension function of the language", () => {
  const used = new Set<string>();
  const collect = (json: unknown): void => {
    if (typeof json !== "object" || json === null) return;
    for (const [name, member] of Object.entries(json)) {
      used.add(name);
      collect(member);
    }
  };
  for (const { conditions } of drawn.flatMap(policiesOf)) for (const { body } of conditions) collect(body);
  assert.deepEqual(
    OPERATORS.filter((operator) => !used.has(operator)),
    [],
  );
});

test("the worlds use every form of scope, with and without slots, and both kinds of clause", () => {
  const forms = new Set<string>();
  for (const { principal, action, resource, conditions } of drawn.flatMap(policiesOf)) {
    for (const scope of [principal, action, resource]) forms.add(formOf(scope));
    for (const { kind } of conditions) forms.add(kind);
  }
  const expected = ["All", "== entity", "== slot", "in entity", "in entities", "in slot", "is entity_type"];
  const nested = ["is entity_type in entity", "is entity_type in slot", "when", "unless"];
  assert.deepEqual(
    [...expected, ...nested].filter((form) => !forms.has(form)),
    [],
  );
});

test("the answers are mixed: allowed, denied, forbidden against a permit, and every kind of error", () => {
  const kinds =
    "entity-does-not-exist attribute-does-not-exist tag-does-not-exist type overflow extension arguments";
  const missing = new Set(["allow", "deny", "forbidden", ...kinds.split(" ")]);
  for (const world of drawn) {
    if (missing.size === 0) break;
    for (const each of answer(world)?.answers ?? []) {
      if (each !== undefined) for (const trait of traitsOf(each)) missing.delete(trait);
    }
  }
  assert.deepEqual([...missing], []);
});

test("hardly a world is malformed, for nothing is compared in those", () => {
  const answers = drawn.slice(0, 60).flatMap((world) => answer(world)?.answers ?? [undefined]);
  assert.ok(answers.filter((each) => each === undefined).length < 4);
});

test("the same seed draws the same worlds", () => {
  assert.deepEqual(sample(worlds(4), { numRuns: 20, seed: SEED }), drawn.slice(0, 20));
});

test("a world that fails is made as small as its failure allows", () => {
  const fails = (world: World): boolean => JSON.stringify(world, bigints).includes('"containsAny"');
  const arbitrary = worlds(4);
  let smallest = drawn.find(fails);
  for (let next = smallest; next !== undefined; ) {
    smallest = next;
    next = [...arbitrary.shrink(next, undefined)].map(({ value }: Value<World>) => value).find(fails);
  }
  const [policy] = smallest === undefined ? [] : policiesOf(smallest);
  const clauses = policy?.conditions.map(({ body }) => JSON.stringify(body, bigints));
  assert.equal(smallest?.entities.length, 0);
  assert.equal(smallest?.requests.length, 1);
  assert.match(clauses?.join() ?? "", /^.{0,90}$/);
});

const policiesOf = ({ source }: World): PolicyJson[] => [
  ...Object.values(source.policies),
  ...Object.values(source.templates ?? {}),
];

function formOf(scope: PolicyJson["principal"] | PolicyJson["action"]): string {
  const { op, in: inner, ...rest } = scope as { op: string; in?: object };
  return [op, ...Object.keys(rest), ...(inner === undefined ? [] : ["in", ...Object.keys(inner)])].join(" ");
}

function traitsOf(
  answered: NonNullable<NonNullable<ReturnType<typeof answer>>["answers"][number]>,
): string[] {
  const { decision, permits, forbids, errors } = answered;
  const forbidden = permits.length > 0 && forbids.length > 0 ? ["forbidden"] : [];
  return [decision, ...forbidden, ...errors.map(({ kind }) => kind)];
}

const bigints = (_: string, value: unknown): unknown => (typeof value === "bigint" ? String(value) : value);
