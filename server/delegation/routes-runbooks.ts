import { z } from "zod";
import { pageOf, pageQuery, route } from "../http/index.ts";
import { defineRunbook, findRunbook } from "./define-runbook.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { type Runbook, runbookDefinition } from "./runbook.ts";
import { runbooksAfter } from "./store-runbooks.ts";

const runbookAnswer = z.object({
  name: z.string(),
  description: z.string(),
  steps: z.array(z.string()).describe("Tools, as server/tool."),
  digest: z.string(),
  approved_by: z.string(),
  approved_at: z.int(),
});

const byName = z.strictObject({ name: z.string().max(200) });

export const runbooksPut = route<DelegationDeps>()({
  summary: "Approves a runbook: a plan of tools with which tasks can be opened.",
  params: byName,
  body: runbookDefinition.omit({ name: true }).extend({
    replaces: z.string().max(100).optional().describe("Digest of the runbook that has the name now."),
  }),
  answers: { 200: runbookAnswer },
  async handle(deps, caller, { params, body: { replaces, ...said } }) {
    const runbook = await defineRunbook(deps, caller, { definition: { ...params, ...said }, replaces });
    return { status: 200, body: shapeRunbook(runbook) };
  },
});

export const runbooksGet = route<DelegationDeps>()({
  summary: "Shows a runbook, who approved it and when.",
  params: byName,
  answers: { 200: runbookAnswer },
  async handle(deps, _caller, { params }) {
    return { status: 200, body: shapeRunbook(await findRunbook(deps, params.name)) };
  },
});

export const runbooksList = route<DelegationDeps>()({
  summary: "Lists runbooks by name.",
  query: z.strictObject(pageQuery),
  answers: { 200: pageOf(runbookAnswer) },
  async handle(deps, _caller, { query }) {
    const page = await runbooksAfter(deps.database, query);
    return { status: 200, body: { ...page, items: page.items.map(shapeRunbook) } };
  },
});

const shapeRunbook = ({ approvedBy, approvedAt, steps, ...runbook }: Runbook) => ({
  ...runbook,
  steps: [...steps],
  approved_by: approvedBy,
  approved_at: approvedAt,
});
