import { planHash } from "@countersign/proof/consent";
import { z } from "zod";
import type { Delegation } from "./delegation.ts";
import { incident, stateOf, type Task } from "./task.ts";

const grants = z.array(z.unknown());

/** A task on the wire. Times in milliseconds since the epoch. */
export const taskAnswer = z.object({
  id: z.string(),
  state: z.enum(["awaiting-consent", "active", "closed", "expired", "refused"]),
  person: z.string(),
  started_by: z.object({
    kind: z.string(),
    principal: z.string(),
    through: z.string().optional().describe("The service that opened it for the person."),
  }),
  agent: z.string(),
  purpose: z.string(),
  instruction_hash: z.string(),
  grants,
  max_depth: z.int(),
  opened_at: z.int(),
  expires: z.int(),
  deadline: z.int(),
  consent: z.string().optional(),
  ended_at: z.int().optional(),
  incident: incident.optional().describe("What it serves, in the words of whoever opened it."),
  runbook: z
    .object({ name: z.string(), digest: z.string(), steps: z.array(z.string()) })
    .optional()
    .describe("The plan that it was opened with, as it was approved then."),
  plan: z
    .object({
      hash: z.string().describe("What the consent's plan_hash is."),
      steps: z.array(
        z.object({
          tool: z.string(),
          args: z.record(z.string(), z.unknown()).optional(),
          times: z.int().optional(),
        }),
      ),
      ordered: z.boolean(),
      on_drift: z.enum(["refuse", "end"]),
    })
    .optional()
    .describe("What it will do and nothing else; a call outside it is refused, or ends the task."),
  break_glass: z.literal(true).optional().describe("Its person opened it in an emergency."),
  signed_in_by: z
    .string()
    .optional()
    .describe("The identity provider whose sign-in stands in for her passkey's consent."),
});

/** A delegation on the wire. */
export const edgeAnswer = z.object({
  id: z.string(),
  task: z.string(),
  parent: z.string().optional(),
  from: z.string(),
  to: z.string(),
  grants,
  depth: z.int(),
  max_depth: z.int().optional().describe("The depth that nothing below may pass, where its warrant said so."),
  expires: z.int(),
  made_at: z.int(),
  ended_at: z.int().optional(),
});

/** What a task asks of its person, as one line. */
export const sentenceOf = (task: Task): string => `${task.agent} asks to act for you: ${task.purpose}`;

/** A task as the API shows it. */
export function shapeTask(task: Task, now: number): z.input<typeof taskAnswer> {
  return {
    id: task.id,
    state: stateOf(task, now),
    person: task.person,
    started_by: { ...task.startedBy },
    agent: task.agent,
    purpose: task.purpose,
    instruction_hash: task.instruction,
    grants: [...task.grants],
    max_depth: task.maxDepth,
    opened_at: task.openedAt,
    expires: task.expires,
    deadline: task.deadline,
    ...(task.consent === undefined ? {} : { consent: task.consent }),
    ...(task.endedAt === undefined ? {} : { ended_at: task.endedAt }),
    ...(task.incident === undefined ? {} : { incident: task.incident }),
    ...(task.runbook === undefined ? {} : { runbook: { ...task.runbook, steps: [...task.runbook.steps] } }),
    ...(task.plan === undefined ? {} : { plan: { hash: planHash(task.plan), ...task.plan } }),
    ...(task.breakGlass ? { break_glass: true as const } : {}),
    ...(task.signIn === undefined ? {} : { signed_in_by: task.signIn.provider }),
  };
}

/** A delegation as the API shows it. */
export function shapeEdge(edge: Delegation): z.input<typeof edgeAnswer> {
  return {
    id: edge.id,
    task: edge.task,
    ...(edge.parent === undefined ? {} : { parent: edge.parent }),
    from: edge.from,
    to: edge.to,
    grants: [...edge.grants],
    depth: edge.depth,
    ...(edge.maxDepth === undefined ? {} : { max_depth: edge.maxDepth }),
    expires: edge.expires,
    made_at: edge.madeAt,
    ...(edge.endedAt === undefined ? {} : { ended_at: edge.endedAt }),
  };
}
