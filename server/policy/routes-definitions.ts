import { z } from "zod";
import { serverAnswer, serverDefinition, toolAnswer, toolMembers } from "../catalog/index.ts";
import { route } from "../http/index.ts";
import { admitServer, admitTool } from "./admit-definition.ts";
import type { Problem } from "./policy.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { problem } from "./wire.ts";

const named = z.string().max(200);
const accept_policy_loss = z
  .literal(true)
  .optional()
  .describe("Policies may lose what they read of it, or what they are about; for a policy publisher to say.");
const warnings = z.array(problem).optional().describe("What the shadow would lose by it.");

const shownWarnings = (found: readonly Problem[]) => (found.length === 0 ? {} : { warnings: [...found] });

export const serverPut = route<PolicyDeps>()({
  summary: "Adds a server to the catalog, or says its record anew, if the policies that decide fit it.",
  params: z.strictObject({ server: named }),
  body: serverDefinition.omit({ id: true }).extend({ accept_policy_loss }),
  answers: { 200: serverAnswer.extend({ warnings }) },
  async handle(deps, caller, { params, body: { accept_policy_loss: acceptLoss, ...said } }) {
    const server = { id: params.server, ...said };
    const { defined, warnings } = await admitServer(deps, caller, { server, acceptLoss });
    return { status: 200, body: { ...defined, ...shownWarnings(warnings) } };
  },
});

export const toolPut = route<PolicyDeps>()({
  summary: "Pins a tool's definition, if the policies that decide fit it; say the digest that it replaces.",
  params: z.strictObject({ server: named, tool: named }),
  body: toolMembers
    .omit({ server: true, name: true })
    .extend({ replaces: z.string().max(100).optional(), accept_policy_loss }),
  answers: { 200: toolAnswer.extend({ warnings }) },
  async handle(deps, caller, { params, body: { replaces, accept_policy_loss: acceptLoss, ...said } }) {
    const definition = { server: params.server, name: params.tool, ...said };
    const { defined, warnings } = await admitTool(deps, caller, { definition, replaces, acceptLoss });
    return { status: 200, body: { ...defined, ...shownWarnings(warnings) } };
  },
});
