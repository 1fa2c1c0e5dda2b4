import { z } from "zod";
import { route } from "../http/index.ts";
import { type AgentName, seconds } from "../lib/index.ts";
import { grantList, principalName, printableText, shortName } from "../registry/index.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { duration } from "./routes.ts";
import { planDeclared } from "./routes-plans.ts";
import { startTask } from "./start-task.ts";
import { incident } from "./task.ts";
import { edgeAnswer, shapeEdge, shapeTask, taskAnswer } from "./wire.ts";

export const tasksStart = route<DelegationDeps>()({
  summary: "Starts a task that no person asked for, on the agent's standing authority.",
  params: z.strictObject({ name: principalName }),
  body: z.strictObject({
    purpose: printableText(500),
    grants: grantList.min(1, "A task without grants could do nothing."),
    trigger: z
      .strictObject({ kind: z.enum(["schedule", "event"]), on: printableText(200) })
      .optional()
      .describe("What a service tells of: each run or event once, under a name of its own."),
    expires_in: duration.optional().describe("Lifetime of the agent's delegation, in seconds."),
    deadline_in: duration.optional().describe("Lifetime of the task, in seconds."),
    max_depth: z.int().min(1).max(8).optional(),
    incident: incident.optional().describe("What it serves."),
    runbook: shortName.optional().describe("Name of the approved runbook that it follows."),
    plan: planDeclared.optional().describe("What it will do, and nothing else; a runbook declares its own."),
  }),
  answers: { 201: taskAnswer.extend({ edge: edgeAnswer }) },
  async handle(deps, caller, { params, body }) {
    const { expires_in, deadline_in, max_depth, ...request } = body;
    const { task, edge } = await startTask(deps, caller, {
      ...request,
      agent: params.name as AgentName,
      expiresIn: expires_in === undefined ? undefined : seconds(expires_in),
      deadlineIn: deadline_in === undefined ? undefined : seconds(deadline_in),
      maxDepth: max_depth,
    });
    return { status: 201, body: { ...shapeTask(task, deps.clock.now()), edge: shapeEdge(edge) } };
  },
});
