import { type Call, type Constraint, describeWhat, type Grant, parseGrant, permits } from "../grant/index.ts";
import { canonicalBytes, isJsonObject, type Json } from "../jcs/index.ts";
import { VerificationError } from "../verification-error.ts";

/** One step: a tool, perhaps constraints on some of its arguments, perhaps how often it may be called. */
export type PlanStep = {
  /** `server/tool`. */
  tool: string;
  /** On the arguments that are named; of the others a plan says nothing. */
  args?: Record<string, Constraint>;
  /** As often as needed where it is absent. */
  times?: number;
};

/** What a task will do, declared before its person consents to it. */
export type Plan = {
  steps: PlanStep[];
  /** Whether the steps come one after the other; else in any order. */
  ordered: boolean;
  /** What a call outside it leads to: it is refused, or the task ends as well. */
  on_drift: "refuse" | "end";
};

const MOST_STEPS = 100;
const MOST_TIMES = 10_000;

/**
 * Reads a plan. What is not understood might be a restriction, so it refuses the plan.
 *
 * @throws VerificationError `malformed`
 */
export function parsePlan(attackerValue: Json): Plan {
  if (!isJsonObject(attackerValue) || Object.keys(attackerValue).length !== 3) throw malformed();
  const { steps, ordered, on_drift } = attackerValue;
  if (!Array.isArray(steps) || steps.length === 0 || steps.length > MOST_STEPS) throw malformed();
  if (typeof ordered !== "boolean" || (on_drift !== "refuse" && on_drift !== "end")) throw malformed();
  return { steps: steps.map(parseStep), ordered, on_drift };
}

function parseStep(attackerStep: Json): PlanStep {
  if (!isJsonObject(attackerStep)) throw malformed();
  const { tool, args, times, ...unknown } = attackerStep;
  if (Object.keys(unknown).length > 0 || typeof tool !== "string") throw malformed();
  if (times !== undefined && !isCount(times)) throw malformed();
  const { identifier, args: named } = stepGrant({ tool, ...(args === undefined ? {} : { args }) });
  return {
    tool: identifier,
    ...(named === undefined ? {} : { args: named }),
    ...(times === undefined ? {} : { times }),
  };
}

const isCount = (value: Json): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 1 && value <= MOST_TIMES;

/** Whether a call is what a step declares. How often it was made is not asked here. */
export function stepFits({ tool, args }: PlanStep, attackerCall: Call): boolean {
  const grant = stepGrant({ tool, ...(args === undefined ? {} : { args }) }, attackerCall.location);
  return permits(grant, attackerCall);
}

/** A step as one line for a person to judge, such as `ops/restart (host in ["a"]; any other argument), once`. */
export function describeStep({ times, ...step }: PlanStep): string {
  const often = times === undefined ? "" : times === 1 ? ", once" : `, at most ${times} times`;
  return `${describeWhat(stepGrant(step as Parameters<typeof stepGrant>[0]))}${often}`;
}

/** A step in the language of grants, so that it is read and judged by the same rules. */
const stepGrant = (step: { tool: string; args?: Json }, location = "any"): Grant =>
  parseGrant({
    type: "agent_tool",
    locations: [location],
    actions: ["tools/call"],
    identifier: step.tool,
    ...(step.args === undefined ? {} : { args: step.args }),
    open_args: true,
  });

/** The one canonical text of a plan, as bytes: what its hash is taken of. */
export const planBytes = (plan: Plan): Uint8Array => canonicalBytes(plan as unknown as Json);

const malformed = (): VerificationError => new VerificationError("malformed", "not a plan");
