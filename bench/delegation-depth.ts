/**
 * What a decision at the end of a chain of eight costs in a tree of 10,000 delegations, beside the same in a tree
 * of those eight alone: reading the chain, judging it at every hop, asking policy. And the whole call, recorded.
 */
import { authorize } from "../server/approvals/index.ts";
import { onSqlite } from "../server/audit/test-databases.ts";
import { Change } from "../server/database/index.ts";
import { agent, begunTask, call, passOn, quarters, REPORTS } from "../server/delegation/fixture.ts";
import { chainOf } from "../server/delegation/index.ts";
import { insertDelegation } from "../server/delegation/store-delegations.ts";
import { hours, type Id, newId } from "../server/lib/index.ts";
import { claimsIn, exchange, openMarket } from "../server/oauth/fixture.ts";
import { callTool, questionOf } from "../server/oauth/index.ts";
import { knownResource } from "../server/oauth/resource.ts";
import type { Figures } from "./run.ts";

const DEPTH = 8;
const TREE = 10_000;
const ROUNDS = 15;
const DECISIONS = 100;
/** Few: policies count how many an agent makes. */
const CALLS = 5;
const AT_ONCE = 500;

const grants = [call("reports/write", quarters("Q1"))];

/** A company in whose one task authority was passed on seven times, and what acts at the end. */
async function openTree(size: number) {
  const room = await openMarket(onSqlite());
  const { deps, ada } = room;
  const names = Array.from({ length: DEPTH }, (_, at) => `level-${at + 1}`);
  const copies = [];
  for (const [at, name] of names.entries())
    copies.push(await agent(deps, ada, name, names.slice(at + 1), DEPTH));
  const begun = await begunTask(deps, room, {
    agent: "level-1",
    grants,
    maxDepth: DEPTH,
    expiresIn: hours(8),
  });
  let edge: Id<"edge"> = begun.edge.id;
  const path = [edge];
  for (const [at, copy] of copies.slice(0, -1).entries()) {
    edge = (await passOn(deps, copy, { edge, to: names[at + 1] ?? "", grants })).id;
    path.push(edge);
  }
  await grow(room, begun.task.id, path, size);
  const last = copies[DEPTH - 1];
  if (last === undefined) throw new Error("a chain has an end");
  const { jti } = claimsIn(await exchange(deps, last, edge, grants));
  return { room, edge, last, jti };
}

/** Delegations beside the chain, to its own agents and others, in the same task. */
async function grow(
  { deps }: Awaited<ReturnType<typeof openMarket>>,
  task: Id<"task">,
  path: readonly Id<"edge">[],
  size: number,
): Promise<void> {
  for (let made = DEPTH; made < size; made += AT_ONCE) {
    const change = new Change(deps.database);
    for (let each = made; each < Math.min(made + AT_ONCE, size); each++) {
      const above = path.slice(0, 1 + (each % (DEPTH - 1)));
      const id = newId(deps, "edge");
      insertDelegation(change, {
        id,
        task,
        parent: above[above.length - 1] as Id<"edge">,
        path: [...above, id],
        from: `level-${above.length}`,
        to: each % 3 === 0 ? `level-${DEPTH}` : `helper-${each % 100}`,
        grants,
        depth: above.length + 1,
        expires: deps.clock.now() + hours(1),
        madeAt: deps.clock.now(),
      });
    }
    await deps.database.commit(change);
  }
}

type Tree = Awaited<ReturnType<typeof openTree>>;

/** Everything of a decision but its commit, which is the same wherever the call stands. */
async function decide({ room: { deps }, edge, last }: Tree): Promise<void> {
  const chain = await chainOf(deps, edge);
  const [holder] = chain.agents.slice(-1);
  const [grant] = grants;
  if (holder === undefined || grant === undefined) throw new Error("a chain has an end");
  const { caller, instance } = last;
  const resource = await knownResource(deps, REPORTS);
  const question = await questionOf(deps, { caller, instance, agent: holder, chain, resource }, grant);
  await authorize<"call">(deps, new Change(deps.database), caller, question);
}

const makeCall = async ({ room: { deps, reports }, jti }: Tree): Promise<void> => {
  deps.clock.advance(2_000);
  await callTool(deps, reports.caller, { jti, tool: "reports/write", args: { quarter: "Q1" } });
};

export async function run(): Promise<Figures> {
  const [small, large] = [await openTree(DEPTH), await openTree(TREE)];
  try {
    const decided = await compared(small, large, decide, DECISIONS);
    const called = await compared(small, large, makeCall, CALLS);
    return {
      ratio: decided.ratio,
      callRatio: called.ratio,
      decisionUs: decided.largeUs,
      decisionInSmallUs: decided.smallUs,
      callUs: called.largeUs,
      rounds: ROUNDS,
    };
  } finally {
    await Promise.all([small.room.close(), large.room.close()]);
  }
}

/** Medians of rounds in turns, so that what disturbs one disturbs the other. */
async function compared(small: Tree, large: Tree, one: (tree: Tree) => Promise<void>, times: number) {
  const took = { small: [] as number[], large: [] as number[] };
  for (const tree of [small, large]) await repeated(tree, one, times);
  for (let round = 0; round < ROUNDS; round++) {
    took.small.push(await repeated(small, one, times));
    took.large.push(await repeated(large, one, times));
  }
  const [smallUs, largeUs] = [median(took.small), median(took.large)];
  return { smallUs: Math.round(smallUs), largeUs: Math.round(largeUs), ratio: round3(largeUs / smallUs) };
}

/** Microseconds for each. */
async function repeated(tree: Tree, one: (tree: Tree) => Promise<void>, times: number): Promise<number> {
  const began = performance.now();
  for (let done = 0; done < times; done++) await one(tree);
  return ((performance.now() - began) * 1_000) / times;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const round3 = (value: number): number => Math.round(value * 1_000) / 1_000;
