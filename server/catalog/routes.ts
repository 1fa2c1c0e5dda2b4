import { z } from "zod";
import { pageOf, pageQuery, route } from "../http/index.ts";
import type { CatalogDeps } from "./catalog.ts";
import { defineServer } from "./define-server.ts";
import { defineTool } from "./define-tool.ts";
import { listServers, listTools, toolOrRefuse } from "./find.ts";
import { serverDefinition } from "./server.ts";
import { LABELS, toolDefinition } from "./tool.ts";

const serverAnswer = z.object({ id: z.string(), resource: z.string(), team: z.string().optional() });
const toolAnswer = z.object({
  identifier: z.string(),
  server: z.string(),
  name: z.string(),
  description: z.string(),
  labels: z.array(z.enum(LABELS)),
  inputSchema: z.record(z.string(), z.unknown()),
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

export const serverPut = catalog({
  summary: "Adds a server to the catalog, or says its record anew.",
  params: z.strictObject({ server: named }),
  body: serverDefinition.omit({ id: true }),
  answers: { 200: serverAnswer },
  handle: async (deps, caller, { params, body }) => ({
    status: 200,
    body: await defineServer(deps, caller, { id: params.server, ...body }),
  }),
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

export const toolPut = catalog({
  summary: "Pins a tool's definition; to change a pinned one, say the digest that it replaces.",
  params: byTool,
  body: toolDefinition
    .omit({ server: true, name: true })
    .extend({ replaces: z.string().max(100).optional() }),
  answers: { 200: toolAnswer },
  handle: async (deps, caller, { params, body: { replaces, ...said } }) => {
    const definition = { server: params.server, name: params.tool, ...said };
    return { status: 200, body: await defineTool(deps, caller, { definition, replaces }) };
  },
});
