/** How long a decision takes, its entities and context read from their JSON form, beside cedar-wasm's stateful call. */
import assert from "node:assert/strict";
import { type Entities, preparsePolicySet, statefulIsAuthorized } from "@cedar-policy/cedar-wasm/nodejs";
import { compile, readEntities } from "@countersign/cedar";
import { policies } from "./decisions-workload/policies.ts";
import { QUESTIONS, type Question, questions } from "./decisions-workload/requests.ts";
import type { Figures } from "./run.ts";

const SIZES = [20, 100, 1_000, 10_000] as const;
const ROUNDS = 9;
/** How long one measurement runs at least: long against the clock's grain and the collector's pauses. */
const ROUND_MS = 100;
const WARM_MS = 300;

/** Decides one question. @returns whether it is allowed */
type Decide = (question: Question) => boolean;

export async function run(): Promise<Figures> {
  const figures: Figures = {};
  const ours = new Map<number, number>();
  for (const size of SIZES) {
    const asked = questions(size);
    const contest = { ours: prepareOurs(size), peer: preparePeer(size) };
    figures[`allowed${size}`] = agree(contest.ours, contest.peer, asked);
    const us = medians(contest, asked);
    ours.set(size, us.ours);
    figures[`oursUs${size}`] = rounded(us.ours);
    figures[`peerUs${size}`] = rounded(us.peer);
    figures[`ratio${size}`] = rounded(us.peer / us.ours);
  }
  const growth = (ours.get(10_000) ?? Number.NaN) / (ours.get(20) ?? Number.NaN);
  return { ratio: figures.ratio20 ?? Number.NaN, growth: rounded(growth), ...figures, rounds: ROUNDS };
}

function prepareOurs(size: number): Decide {
  const set = compile({ policies: policies(size) });
  return ({ request, entities }) => set.decide(request as never, readEntities(entities)).decision === "allow";
}

/** One name for every size: the module never forgets one. */
function preparePeer(size: number): Decide {
  const preparsedPolicySetId = "bench";
  const answer = preparsePolicySet(preparsedPolicySetId, { staticPolicies: policies(size) as never });
  assert.equal(answer.type, "success");
  return ({ request, entities }) => {
    const call = { ...request, entities: entities as Entities, preparsedPolicySetId, validateRequest: false };
    const answer = statefulIsAuthorized(call as Parameters<typeof statefulIsAuthorized>[0]);
    if (answer.type === "failure") throw new Error(answer.errors[0]?.message);
    return answer.response.decision === "allow";
  };
}

/** Whoever answers otherwise is not faster but wrong. @returns how many of the questions are allowed */
function agree(ours: Decide, peer: Decide, asked: readonly Question[]): number {
  const answers = asked.map(ours);
  assert.deepEqual(answers, asked.map(peer));
  const allowed = answers.filter(Boolean).length;
  assert.ok(allowed > 0 && allowed < QUESTIONS, "the questions must be mixed");
  return allowed;
}

/** Microseconds for one decision; the two take turns, so that what disturbs one disturbs the other. */
function medians(contest: { ours: Decide; peer: Decide }, asked: readonly Question[]) {
  const times = { ours: [] as number[], peer: [] as number[] };
  for (const side of ["ours", "peer"] as const) measure(contest[side], asked, WARM_MS);
  for (let round = 0; round < ROUNDS; round++) {
    for (const side of ["ours", "peer"] as const) {
      times[side].push(measure(contest[side], asked, ROUND_MS));
    }
  }
  return { ours: median(times.ours), peer: median(times.peer) };
}

function measure(decide: Decide, asked: readonly Question[], atLeastMs: number): number {
  const begun = performance.now();
  let decided = 0;
  let elapsed = 0;
  while (elapsed < atLeastMs) {
    for (const question of asked) decide(question);
    decided += asked.length;
    elapsed = performance.now() - begun;
  }
  return (elapsed / decided) * 1000;
}

const rounded = (value: number): number => Number(value.toPrecision(4));

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
