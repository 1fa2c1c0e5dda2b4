import type { StepEntry } from "./trace.ts";
import { memberOf, numberIn, type TraceEvent, textIn, textsIn, told } from "./trace-event.ts";
import type { Trail } from "./trail.ts";

/** What agents told of the steps of the plan, oldest first. */
export const stepsOf = (trail: Trail): StepEntry[] =>
  trail.of("plan.step").map(({ id, at, about, body }) =>
    told({
      kind: "step" as const,
      event: id,
      at,
      agent: about.agent,
      edge: textIn(body, "edge"),
      tool: textIn(body, "tool"),
      step: numberIn(body, "step") ?? 0,
      of: numberIn(body, "of") ?? 0,
      state: textIn(body, "state") ?? "unknown",
      evidence: textIn(body, "evidence"),
    }),
  );

/** The step of its task's plan that a call is recorded as. */
export function planStepIn(body: TraceEvent["body"]): { step: number; of: number } | undefined {
  const taken = memberOf(body, "plan_step");
  const [step, of] = [numberIn(taken, "step"), numberIn(taken, "of")];
  return step === undefined || of === undefined ? undefined : { step, of };
}

/** The plan that a task was asked for with. */
export function planIn(body: TraceEvent["body"]): { hash: string; steps: string[] } | undefined {
  const plan = memberOf(body, "plan");
  const hash = textIn(plan, "hash");
  return hash === undefined ? undefined : { hash, steps: textsIn(plan, "steps") };
}

/** In words, such as `step 3 of 12`. */
export const stepWords = ({ step, of }: { step: number; of: number }): string => `step ${step} of ${of}`;
