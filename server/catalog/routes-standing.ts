import { z } from "zod";
import type { DatabaseDeps } from "../database/index.ts";
import { route } from "../http/index.ts";
import { STANDINGS } from "../registry/index.ts";
import { agentStanding } from "./agent-standing.ts";

const standingAnswer = z.object({
  agent: z.string(),
  state: z.enum(STANDINGS),
  active: z.boolean().describe("Whether it has access now."),
  expires: z.int().optional().describe("When it loses that by itself."),
  strength: z.string().optional(),
  capabilities: z
    .array(z.record(z.string(), z.unknown()))
    .describe("The most that it may ever do, where the asker serves."),
  constraints: z.object({ max_depth: z.int(), needs_person: z.array(z.string()) }),
  class: z.string().optional(),
  version: z.string().optional(),
  model: z.string().optional(),
  purpose: z.string().optional(),
  environment: z.string().optional(),
  region: z.string().optional(),
  owner: z.string().optional(),
  instance: z
    .object({
      id: z.string(),
      active: z.boolean(),
      expires: z.int(),
      strength: z.string(),
      image_digest: z.string().optional(),
      model_digest: z.string().optional(),
    })
    .optional(),
  watch: z.string().optional().describe("The word under which changes of all this are told."),
  at: z.int(),
});

const standing = route<DatabaseDeps>();
const answers = { 200: standingAnswer };

export const agentStandingShow = standing({
  summary: "Says how an agent stands now, as far as the one who asks may be told.",
  params: z.strictObject({ name: z.string().max(200) }),
  answers,
  handle: async (deps, caller, { params }) => ({
    status: 200,
    body: await agentStanding(deps, caller, { attackerName: params.name }),
  }),
});

export const instanceStandingShow = standing({
  summary: "The same, about the agent of a running copy, and that copy.",
  query: z.strictObject({ id: z.string().min(1).max(2_048).describe("Its SPIFFE ID.") }),
  answers,
  handle: async (deps, caller, { query }) => ({
    status: 200,
    body: await agentStanding(deps, caller, { attackerInstance: query.id }),
  }),
});
