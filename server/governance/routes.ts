import { z } from "zod";
import { route } from "../http/index.ts";
import { isId } from "../lib/index.ts";
import type { GovernanceDeps } from "./governance-deps.ts";
import { logSize } from "./log-size.ts";
import { traceTask } from "./trace-task.ts";

export const taskTrace = route<GovernanceDeps>()({
  summary: "Who asked, who delegated what to whom, every action and refusal of a task, and by what right.",
  params: z.strictObject({
    task: z.string().refine((text) => isId(text, "task"), "This is not the id of a task."),
  }),
  answers: {
    200: z.object({
      trace: z.record(z.string(), z.unknown()).describe("The tree, derived from the log's events alone."),
      names: z.record(z.string(), z.string()).describe("Display names of the people in it, by their ids."),
      log: z.object({
        size: z.int().optional().describe("How many events the log's newest checkpoint covers."),
      }),
    }),
  },
  async handle(deps, caller, { params }) {
    const { trace, names } = await traceTask(deps, caller, params);
    return { status: 200, body: { trace, names, log: await logSize(deps) } };
  },
});
