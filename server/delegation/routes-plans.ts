import { type Plan, parsePlan } from "@countersign/proof/consent";
import type { Json } from "@countersign/proof/jcs";
import { z } from "zod";
import { route } from "../http/index.ts";
import { isId } from "../lib/index.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { lastBegun } from "./plan.ts";
import { reportStep } from "./report-step.ts";
import { standingOf } from "./store-plans.ts";
import type { Task } from "./task.ts";

/** A plan as it is declared: in order, and drift refused, unless said otherwise. */
export const planDeclared = z
  .strictObject({
    steps: z
      .array(
        z.strictObject({
          tool: z.string().min(1).max(200).describe("As server/tool."),
          args: z.record(z.string(), z.json()).optional().describe("Constraints, as in grants."),
          times: z.int().optional().describe("How often it may be called; as often as needed if absent."),
        }),
      )
      .min(1)
      .max(100),
    ordered: z.boolean().default(true),
    on_drift: z.enum(["refuse", "end"]).default("refuse").describe("Whether drift also ends the task."),
  })
  .transform((attackerPlan, context): Plan => {
    try {
      return parsePlan(JSON.parse(JSON.stringify(attackerPlan)) as Json);
    } catch {
      context.addIssue({
        code: "custom",
        message: "This is not a plan: its steps are tools and constraints.",
      });
      return z.NEVER;
    }
  });

const state = z.enum(["started", "done", "failed"]);

/** How far a planned task has come. */
export const progressAnswer = z.object({
  step: z.int().describe("The last step that has begun, from 1; 0 before the first."),
  of: z.int(),
  says: z.string().describe("`step 3 of 12`."),
  steps: z.array(
    z.object({
      step: z.int(),
      tool: z.string(),
      calls: z.int(),
      state: state.optional().describe("Absent before it begins."),
      agent: z.string().optional(),
      evidence: z.string().optional().describe("Commitment to what was reported last."),
      reported_at: z.int().optional(),
    }),
  ),
});

/** The progress of a task that has a plan. */
export async function progressOf(
  deps: DelegationDeps,
  { id, plan }: Task,
): Promise<{ progress?: z.input<typeof progressAnswer> }> {
  if (plan === undefined) return {};
  const standing = await standingOf(deps.database, id);
  const [step, of] = [lastBegun(standing), plan.steps.length];
  const steps = plan.steps.map(({ tool }, place) => {
    const { calls = 0, reportedAt, ...at } = standing.get(place) ?? {};
    return {
      step: place + 1,
      tool,
      calls,
      ...at,
      ...(reportedAt === undefined ? {} : { reported_at: reportedAt }),
    };
  });
  return { progress: { step, of, says: `step ${step} of ${of}`, steps } };
}

export const planSteps = route<DelegationDeps>()({
  summary: "An agent that works on a task tells how a step of its plan stands, with evidence.",
  params: z.strictObject({
    id: z.string().refine((text) => isId(text, "task"), "This is not the id of a task."),
  }),
  body: z.strictObject({
    step: z.int().min(1).max(100),
    state,
    evidence: z.json().optional().describe("Kept out of the log, which is bound to it; 8,000 characters."),
  }),
  answers: { 200: z.object({ step: z.int(), of: z.int(), state }) },
  async handle(deps, caller, { params, body }) {
    const { step, state, evidence } = body;
    const report = { task: params.id, step, state, attackerEvidence: evidence as Json | undefined };
    return { status: 200, body: await reportStep(deps, caller, report) };
  },
});
