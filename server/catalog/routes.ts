import { z } from "zod";
import { pageOf, pageQuery, route } from "../http/index.ts";
import type { CatalogDeps } from "./catalog.ts";
import { listServers, listTools, toolOrRefuse } from "./find.ts";
import { NAMEABLE } from "./release.ts";
import { LABELS } from "./tool.ts";
import { amountDeclaration, factDeclaration } from "./tool-facts.ts";

/** A server as it is told. */
export const serverAnswer = z.object({
  id: z.string(),
  resource: z.string(),
  team: z.string().optional(),
  environment: z.string().optional(),
  region: z.string().optional(),
  release: z.array(z.enum(NAMEABLE)).optional(),
  delegated: z.boolean().optional(),
});
/** A pinned tool as it is told. */
export const toolAnswer = z.object({
  identifier: z.string(),
  server: z.string(),
  name: z.string(),
  description: z.string(),
  labels: z.array(z.enum(LABELS)),
  inputSchema: z.record(z.string(), z.unknown()),
  data: z.array(z.string()).optional(),
  untrusted: z.literal(true).optional(),
  amount: amountDeclaration.optional(),
  facts: z.array(factDeclaration).optional(),
  digest: z.string(),
});

const named = z.string().max(200);
const query = z.strictObject(pageQuery);
const catalog = route<CatalogDeps>();

export const serverList = catalog({
  summary: "Lists the servers whose tools agents can be given.",
  query,
  answers: { 200: pageOf(serverAnswer) },
  handle: async (deps, _caller, input) => ({ status: 200, body: await listServers(deps, input.query) }),
});

export const toolList = catalog({
  summary: "Lists the pinned tools.",
  query,
  answers: { 200: pageOf(toolAnswer) },
  handle: async (deps, _caller, input) => ({ status: 200, body: await listTools(deps, input.query) }),
});

const byTool = z.strictObject({ server: named, tool: named });

export const toolShow = catalog({
  summary: "Shows a tool's pinned definition.",
  params: byTool,
  answers: { 200: toolAnswer },
  handle: async (deps, _caller, { params }) => ({
    status: 200,
    body: await toolOrRefuse(deps, `${params.server}/${params.tool}`),
  }),
});
