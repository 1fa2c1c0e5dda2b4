import type { Plan } from "@countersign/proof/consent";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { append, conceal, perform } from "../audit/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import { leafOf } from "./chain.ts";
import { chainOf, type LivingChain, requireChain } from "./chain-of.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { planStep } from "./events.ts";
import { joinTask } from "./join-task.ts";
import { mayReport, type StepState } from "./plan.ts";
import { openEdgesTo } from "./store-delegations.ts";
import { headsAt, moveHead } from "./store-heads.ts";
import { planHead, putReport, standingOf } from "./store-plans.ts";
import type { StepTaken } from "./take-step.ts";
import { aboutTask, type Task } from "./task.ts";

/** The longest evidence of a step, as canonical JSON: a summary, with digests of what is larger. */
const MOST_EVIDENCE = 8_000;

/** So many of its delegations are looked at for one that lives. */
const MOST_EDGES = 20;

export interface StepReport {
  readonly task: string;
  /** From 1. */
  readonly step: number;
  readonly state: StepState;
  /** What shows it, as the agent says: kept out of the log, which is bound to it. */
  readonly attackerEvidence?: Json | undefined;
}

/**
 * An agent that works on a task tells how a step of its plan stands. Its word: what it called stands in the
 * log by itself.
 * @throws Fault `not-found` for whoever holds no living delegation of this task; `conflict` where there is no
 *   plan, or the step does not stand so that this can be said of it; `invalid`, `too-large` for the evidence
 */
export function reportStep(
  deps: DelegationDeps,
  caller: Caller,
  report: StepReport,
): Promise<StepTaken & { readonly state: StepState }> {
  return perform(deps, caller, "plan.report", async (change) => {
    const { chain, instance } = await workedOnBy(deps, caller, report.task);
    const { task } = chain;
    const plan = requirePlan(task);
    const [head] = await headsAt(deps.database, [planHead(task.id)]);
    const standing = await standingOf(deps.database, task.id);
    const position = report.step - 1;
    const step = plan.steps[position];
    if (step === undefined || !mayReport(plan, standing, position, report.state)) throw notNow(task, report);
    await joinTask(deps, change, chain, instance);
    requireChain(change, chain);
    if (head !== undefined) moveHead(change, head);
    const evidence = report.attackerEvidence;
    const kept = evidence === undefined ? undefined : conceal(deps, change, chain.person, bounded(evidence));
    const { to: agent, edge } = leafOf(chain);
    const said = { state: report.state, evidence: kept ?? null, at: deps.clock.now() };
    putReport(change, { task: task.id, position, agent, instance }, said);
    const body = { step: report.step, of: plan.steps.length, tool: step.tool, state: report.state, edge };
    const about = { ...aboutTask(task), agent };
    append(
      change,
      planStep(deps, caller, about, { ...body, ...(kept === undefined ? {} : { evidence: kept }) }),
    );
    return { step: report.step, of: plan.steps.length, state: report.state };
  });
}

/** The chain by which the calling copy works on a task. */
async function workedOnBy(
  deps: DelegationDeps,
  { kind, principal, instance }: Caller,
  attackerTask: string,
): Promise<{ chain: LivingChain; instance: string }> {
  if (kind !== "agent" || instance === undefined) throw noTask();
  const of = { agent: principal, now: deps.clock.now(), task: attackerTask };
  const { items } = await openEdgesTo(deps.database, of, { limit: MOST_EDGES });
  for (const { id } of items) {
    const chain = await chainOf(deps, id).catch(unlessGone);
    if (chain !== undefined) return { chain, instance };
  }
  throw noTask();
}

/** One that has ended is none; the agent may hold another. */
function unlessGone(fault: unknown): undefined {
  if (fault instanceof Fault && fault.code === "gone") return undefined;
  throw fault;
}

function requirePlan(task: Task): Plan {
  if (task.plan !== undefined) return task.plan;
  throw new Fault("conflict", "This task has no plan.", { record: { about: aboutTask(task) } });
}

function bounded(attackerEvidence: Json): Json {
  if (canonicalize(attackerEvidence).length <= MOST_EVIDENCE) return attackerEvidence;
  throw new Fault("too-large", `The evidence of a step has at most ${MOST_EVIDENCE} characters.`, {
    remedy: "Send a summary, and the digest of what is larger.",
  });
}

const noTask = (): Fault =>
  new Fault("not-found", "There is no such task.", { remedy: "Report steps of tasks that you work on." });

const notNow = (task: Task, { step, state }: StepReport): Fault =>
  new Fault("conflict", `Step ${step} does not stand so that it could be ${state} now.`, {
    remedy: "Look at the task: steps start, then are done or failed.",
    record: { about: aboutTask(task), step, state },
  });
