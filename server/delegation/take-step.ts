import type { Plan } from "@countersign/proof/consent";
import type { Call } from "@countersign/proof/grant";
import type { Json } from "@countersign/proof/jcs";
import { append, conceal, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import { revoke } from "../revocation/index.ts";
import { type Chain, leafOf } from "./chain.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { planDrifted, taskClosed } from "./events.ts";
import { lastBegun, type Standing, stepOf } from "./plan.ts";
import { findTask, moveTask } from "./store.ts";
import { headsAt, moveHead } from "./store-heads.ts";
import { countStep, planHead, standingOf } from "./store-plans.ts";
import { aboutTask } from "./task.ts";

/** Which step of its task's plan a call is, from 1. */
export interface StepTaken {
  readonly step: number;
  readonly of: number;
}

/** A call under a token, as the service that serves it says. */
export interface PlannedCall {
  readonly chain: Chain;
  readonly call: Call;
  readonly jti: string;
  readonly instance: string;
}

/**
 * Takes the step of its task's plan that a call is, as part of the change that lets the call pass.
 * @returns nothing where the task has no plan
 * @throws Fault `denied` when the plan has no such step now: drift, which is an event of its own, and ends the
 *   task where its plan says so
 */
/** The place of the step that a call would be now, from 0; nothing outside the plan, or where there is none. */
export async function plannedStep(
  { database }: DelegationDeps,
  { id, plan }: Chain["task"],
  call: Call,
): Promise<number | undefined> {
  return plan === undefined ? undefined : stepOf(plan, await standingOf(database, id), call);
}

export async function takeStep(
  deps: DelegationDeps,
  change: Change,
  caller: Caller,
  made: PlannedCall,
): Promise<StepTaken | undefined> {
  const { task } = made.chain;
  const { plan } = task;
  if (plan === undefined) return undefined;
  const [head] = await headsAt(deps.database, [planHead(task.id)]);
  const standing = await standingOf(deps.database, task.id);
  const position = stepOf(plan, standing, made.call);
  if (position === undefined) throw await drifted(deps, caller, made, { plan, standing });
  if (head !== undefined) moveHead(change, head);
  const { instance } = made;
  countStep(change, { task: task.id, position, agent: leafOf(made.chain).to, instance });
  return { step: position + 1, of: plan.steps.length };
}

/** Records it, and what it ends, in a change of its own: the call's is refused. */
async function drifted(
  deps: DelegationDeps,
  caller: Caller,
  made: PlannedCall,
  at: { readonly plan: Plan; readonly standing: Standing },
): Promise<Fault> {
  const { chain, call } = made;
  const fault = outside(chain, call, at.plan);
  await perform(deps, caller, "plan.drift", async (change) => {
    const task = await findTask(deps.database, chain.task.id);
    const ended = at.plan.on_drift === "end" && task?.state === "active";
    if (ended) {
      moveTask(change, task, { state: "closed", endedAt: deps.clock.now() });
      revoke(deps, change, caller, [`task:${task.id}`], "plan drifted");
    }
    const args = conceal(deps, change, chain.person, { ...call.args } as Json);
    const about = { ...aboutTask(chain.task), agent: leafOf(chain).to };
    const body = { ...bodyOf(made, at), args, ended, service: caller.principal };
    fault.recordedAs = append(change, planDrifted(deps, caller, about, body));
    if (ended) append(change, taskClosed(deps, caller, about, { state_before: "active" }));
  });
  return fault;
}

const bodyOf = (
  { chain, call, jti }: PlannedCall,
  { plan, standing }: { readonly plan: Plan; readonly standing: Standing },
) => ({
  tool: call.identifier,
  jti,
  edge: leafOf(chain).edge,
  step: lastBegun(standing),
  of: plan.steps.length,
});

function outside({ task }: Chain, { identifier }: Call, { on_drift }: Plan): Fault {
  const ends = on_drift === "end";
  return new Fault("denied", "This call is not part of what the task planned, or not now.", {
    remedy: ends ? "The task has ended; open a new one." : "Do what the plan says next, or open a new task.",
    members: {
      reasons: [
        {
          policy: "plan-drift",
          reason: `The plan of the task has no step for this call${ends ? "" : " now"}.`,
        },
      ],
    },
    record: { about: aboutTask(task), tool: identifier, policies: ["plan-drift"] },
  });
}
