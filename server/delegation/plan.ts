import { type Plan, stepFits } from "@countersign/proof/consent";
import type { Call } from "@countersign/proof/grant";
import type { AgentName } from "../lib/index.ts";

/**
 * How far a plan has come: pure. A step begins with its first call, or when an agent says so; done is final,
 * failed may begin again. In a plan whose order matters, what was begun last goes on, or the next one begins.
 */
export type StepState = "started" | "done" | "failed";

export interface StepStanding {
  readonly calls: number;
  readonly state: StepState;
  /** Who moved it last. */
  readonly agent: AgentName;
  /** Commitment to what was reported last. */
  readonly evidence?: string;
  readonly reportedAt?: number;
}

/** The steps that have begun, by their place in the plan, from 0. */
export type Standing = ReadonlyMap<number, StepStanding>;

/** The last step that has begun, from 1; 0 before the first. */
export const lastBegun = (standing: Standing): number =>
  Math.max(0, ...[...standing.keys()].map((at) => at + 1));

/** The place of the step that a call belongs to now; nothing where it is outside the plan: drift. */
export function stepOf(plan: Plan, standing: Standing, attackerCall: Call): number | undefined {
  return reachable(plan, standing).find((place) => {
    const step = plan.steps[place];
    return step !== undefined && hasRoom(step, standing.get(place)) && stepFits(step, attackerCall);
  });
}

function hasRoom({ times }: Plan["steps"][number], at: StepStanding | undefined): boolean {
  if (at?.state === "done") return false;
  return times === undefined || (at?.calls ?? 0) < times;
}

/** The places at which something may be done now. */
function reachable({ steps, ordered }: Plan, standing: Standing): number[] {
  if (!ordered) return [...steps.keys()];
  const next = lastBegun(standing);
  if (next === 0) return [0];
  const last = next - 1;
  const at = standing.get(last);
  // A step that was only said to have begun is not behind anybody: words do not skip what was planned.
  if (at?.state === "failed" || !at?.calls) return [last];
  return [last, next].filter((place) => place < steps.length);
}

/** Whether an agent may say this of a step now. */
export function mayReport(plan: Plan, standing: Standing, place: number, state: StepState): boolean {
  const at = standing.get(place);
  const now = at?.state;
  if (state === "started") {
    return (now === undefined || now === "failed") && reachable(plan, standing).includes(place);
  }
  return now === "started" && (state === "failed" || (at?.calls ?? 0) > 0);
}
