import { z } from "zod";
import { pageOf, pageQuery, route } from "../http/index.ts";
import { agentRegistration, agentUpdate, personId } from "./agent.ts";
import { agentChanges } from "./changes.ts";
import { decommissionAgent } from "./decommission-agent.ts";
import { endInstance } from "./end-instance.ts";
import { agentOrRefuse, listAgents } from "./find-agent.ts";
import { listInstances } from "./find-instance.ts";
import { handOverAgent } from "./hand-over-agent.ts";
import { AGENT_STATES } from "./lifecycle.ts";
import { registerAgent } from "./register-agent.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { resumeAgent } from "./resume-agent.ts";
import { suspendAgent } from "./suspend-agent.ts";
import {
  AUTONOMIES,
  agentClass,
  autonomy,
  CRITICALITIES,
  criticality,
  environment,
  SENSITIVITIES,
  sensitivity,
  shortName,
  TRIGGERS,
} from "./taxonomy.ts";
import { updateAgent } from "./update-agent.ts";

const grants = z.array(z.record(z.string(), z.unknown()));

const agentAnswer = z.object({
  name: z.string(),
  class: z.string(),
  purpose: z.string(),
  environment: z.string(),
  region: z.string().optional(),
  version: z.string().optional(),
  model: z.string().optional(),
  deployment: z.string().optional(),
  owner: z.string(),
  team: z.string().optional(),
  created: z.int(),
  lastActive: z.int().optional(),
  expires: z.int().optional(),
  status: z.enum(AGENT_STATES),
  unattestedSince: z.int().optional().describe("Since when nobody has proven to be it as it is declared."),
  grants,
  delegation: z.object({
    max_depth: z.int(),
    grants,
    delegate_to: z.array(z.string()),
    needs_person: z.array(z.string()),
    max_children: z.int().optional(),
    max_instances: z.int().optional(),
    shared: z.literal(true).optional(),
  }),
  client: z.record(z.string(), z.unknown()).optional(),
  strength: z.string().optional(),
  dormantAfter: z.int().optional().describe("How long it may be silent (ms) before it is dormant."),
  orphanedSince: z.int().optional().describe("Since when nobody answers for it."),
  graceEnds: z.int().optional().describe("When an orphan loses its access."),
  givenAwayBy: z.array(z.string()).optional().describe("The owners who gave it away by themselves."),
  watch: z.string().optional().describe("The word under which its changes are told."),
  autonomy: z.enum(AUTONOMIES).optional(),
  sensitivity: z.enum(SENSITIVITIES).optional(),
  criticality: z.enum(CRITICALITIES).optional(),
  triggers: z.array(z.enum(TRIGGERS)).optional(),
  epoch: z.int(),
  access: z.int().describe("Raised when what was delegated to it, or by it, ends with its access."),
  revision: z.int(),
  parent: z.string().optional().describe("The agent that registered it; it ends with that one."),
});

const instanceAnswer = z.object({
  id: z.string(),
  kind: z.enum(["agent", "service"]),
  principal: z.string(),
  thumbprint: z.string(),
  jwk: z.record(z.string(), z.string()),
  strength: z.string(),
  enrolledAt: z.int(),
  expires: z.int(),
  status: z.enum(["active", "ended"]),
  vouched: z.boolean().describe("Others vouch for it whenever it comes; its key may change."),
  keepsId: z.boolean().describe("It has this SPIFFE ID whenever it comes."),
  task: z.string().optional().describe("The one task that a person made it for."),
  image: z.string().optional().describe("Digest of what it runs, as attestation found it."),
  model: z.string().optional().describe("Digest of the model that it works with, likewise."),
  configuration: z.string().optional().describe("Digest of the files that its entry declares, likewise."),
});

/** A name in a path: any short text; one that is not a name finds nothing. */
const byName = z.strictObject({ name: z.string().max(200) });
const registry = route<RegistryDeps>();

export const agentList = registry({
  summary: "Lists agents by name.",
  query: z.strictObject({
    ...pageQuery,
    owner: personId.optional(),
    class: agentClass.optional(),
    environment: environment.optional(),
    team: shortName.optional(),
    status: z.enum(AGENT_STATES).optional(),
    autonomy: autonomy.optional(),
    sensitivity: sensitivity.optional(),
    criticality: criticality.optional(),
    orphaned: z.enum(["true", "false"]).optional().describe("Whether its owner has left."),
  }),
  answers: { 200: pageOf(agentAnswer) },
  handle: async (deps, _caller, { query: { orphaned, ...query } }) => ({
    status: 200,
    body: await listAgents(deps, {
      ...query,
      ...(orphaned === undefined ? {} : { orphaned: orphaned === "true" }),
    }),
  }),
});

export const agentShow = registry({
  summary: "Shows an agent's whole record.",
  params: byName,
  answers: { 200: agentAnswer },
  handle: async (deps, _caller, { params }) => ({
    status: 200,
    body: await agentOrRefuse(deps, params.name),
  }),
});

export const agentCreate = registry({
  summary: "Registers an agent.",
  body: agentRegistration,
  answers: { 201: agentAnswer },
  handle: async (deps, caller, { body }) => ({ status: 201, body: await registerAgent(deps, caller, body) }),
});

export const agentChange = registry({
  summary: "Changes an agent's record: what is absent stays, null takes away.",
  params: byName,
  body: agentUpdate,
  answers: { 200: agentAnswer },
  handle: async (deps, caller, { params, body }) => ({
    status: 200,
    body: await updateAgent(deps, caller, { name: params.name, update: body }),
  }),
});

export const agentChangeList = registry({
  summary:
    "Which agents have changed, by the `watch` of their standing. Without `after` it says where it stands now; what " +
    "takes something away is in the feed of revocations besides, and sooner.",
  query: z.strictObject({
    after: z
      .string()
      .regex(/^(0|[1-9][0-9]{0,14})$/, "must be a place among the changes")
      .optional(),
    limit: pageQuery.limit,
  }),
  answers: {
    200: z.object({
      items: z.array(z.object({ seq: z.int(), watch: z.string() })),
      head: z.int().describe("How far it goes."),
    }),
  },
  handle: async (deps, _caller, { query: { after, limit } }) => ({
    status: 200,
    body: await agentChanges(deps, { after: after === undefined ? undefined : Number(after), limit }),
  }),
});

export const agentHandOver = registry({
  summary: "Gives an agent another owner: by its owner, or by an administrator.",
  params: byName,
  body: z.strictObject({ owner: personId }),
  answers: { 200: agentAnswer },
  handle: async (deps, caller, { params, body }) => ({
    status: 200,
    body: await handOverAgent(deps, caller, { name: params.name, to: body.owner }),
  }),
});

export const agentSuspend = registry({
  summary: "Takes away all of an agent's access at once, until it is resumed.",
  params: byName,
  answers: { 200: agentAnswer },
  handle: async (deps, caller, { params }) => ({
    status: 200,
    body: await suspendAgent(deps, caller, params),
  }),
});

export const agentResume = registry({
  summary: "Gives a suspended agent its access back.",
  params: byName,
  answers: { 200: agentAnswer },
  handle: async (deps, caller, { params }) => ({
    status: 200,
    body: await resumeAgent(deps, caller, params),
  }),
});

export const agentDecommission = registry({
  summary: "Ends an agent for good, with all its instances.",
  params: byName,
  answers: { 200: agentAnswer },
  handle: async (deps, caller, { params }) => ({
    status: 200,
    body: await decommissionAgent(deps, caller, params),
  }),
});

export const agentInstances = registry({
  summary: "Lists the running copies of an agent, with the keys and the strength of their credentials.",
  params: byName,
  query: z.strictObject(pageQuery),
  answers: { 200: pageOf(instanceAnswer) },
  handle: async (deps, _caller, { params, query }) => {
    const { name } = await agentOrRefuse(deps, params.name);
    return { status: 200, body: await listInstances(deps, { kind: "agent", principal: name }, query) };
  },
});

export const instanceEnd = registry({
  summary: "Ends one running copy: its identity and its key are dead at once.",
  body: z.strictObject({ instance: z.string().max(2_048) }),
  answers: { 200: instanceAnswer },
  handle: async (deps, caller, { body }) => ({
    status: 200,
    body: await endInstance(deps, caller, { id: body.instance }),
  }),
});
