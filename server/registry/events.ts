import { z } from "zod";
import { declareEvent, type EventKind } from "../audit/index.ts";
import type { Agent } from "./agent.ts";
import { accountEvents } from "./events-accounts.ts";
import { defined } from "./record.ts";

const grants = z.array(z.record(z.string(), z.unknown()));

/** Facts of an agent as the log may hold them: its purpose is free text, so only a commitment to it. */
const agentFacts = z.object({
  /** Commitment to the purpose, where it is said or changed. */
  purpose: z.string().optional(),
  class: z.string(),
  environment: z.string(),
  region: z.string().optional(),
  version: z.string().optional(),
  model: z.string().optional(),
  deployment: z.string().optional(),
  owner: z.string(),
  team: z.string().optional(),
  expires: z.int().optional(),
  dormantAfter: z.int().optional(),
  autonomy: z.string().optional(),
  sensitivity: z.string().optional(),
  criticality: z.string().optional(),
  triggers: z.array(z.string()).optional(),
  /** The agent that registered it. */
  parent: z.string().optional(),
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
});

/**
 * The facts of an agent that its events hold.
 * @param purpose the commitment to its purpose, where it is said or changed
 */
export function factsOf(agent: Agent, purpose?: string) {
  const { class: of, environment, region, version, model, deployment, owner, team, expires, client } = agent;
  const { max_depth, delegate_to, needs_person, max_children, max_instances, shared } = agent.delegation;
  const delegation = {
    max_depth,
    grants: [...agent.delegation.grants],
    delegate_to: [...delegate_to],
    needs_person: [...needs_person],
    ...defined({ max_children, max_instances, shared }),
  };
  const { parent, dormantAfter, autonomy, sensitivity, criticality, triggers } = agent;
  const facts = {
    ...{ class: of, purpose, environment, region, version, model, deployment, owner, team, expires },
    client,
    parent,
    ...{ dormantAfter, autonomy, sensitivity, criticality, triggers: triggers && [...triggers] },
  };
  return { ...defined(facts), grants: [...agent.grants], delegation };
}

export const agentRegistered = declareEvent(
  "agent.registered",
  "An agent was registered; it has no access until its first instance enrols.",
  agentFacts,
);

export const agentUpdated = declareEvent(
  "agent.updated",
  "An agent's record was changed. `narrowed` says that its grants or its time were, or its class changed, which ended what was issued before.",
  agentFacts.extend({ changed: z.array(z.string()), narrowed: z.boolean() }),
);

export const agentActivated = declareEvent(
  "agent.activated",
  "An agent became active: a process of it has proven itself, or people can start it as a client.",
  z.object({}),
);

const why = z.object({ why: z.string() });

export const agentUnattested = declareEvent(
  "agent.unattested",
  "An agent must prove itself anew: its access, its instances and what was issued to it ended.",
  z.object({ epoch: z.int(), instances: z.int(), why: z.string() }),
);

export const agentRested = declareEvent(
  "agent.rested",
  "An agent that was silent for too long became dormant: its access, its instances and what was issued to it ended.",
  z.object({ epoch: z.int(), instances: z.int(), silent_since: z.int() }),
);

export const agentSuspended = declareEvent(
  "agent.suspended",
  "An agent lost all access until it is resumed; what was issued to it before is dead.",
  z.object({ epoch: z.int(), why: z.string().optional() }),
);

export const agentOrphaned = declareEvent(
  "agent.orphaned",
  "An agent's owner has left. It goes on until `grace_ends`; then it is suspended, unless somebody answers for it.",
  z.object({ grace_ends: z.int() }),
);

export const agentHandedOver = declareEvent(
  "agent.handed-over",
  "Another person answers for an agent.",
  z.object({ from: z.string(), to: z.string() }),
);

export const serviceHandedOver = declareEvent(
  "service.handed-over",
  "Another person answers for a service.",
  z.object({ service: z.string(), from: z.string(), to: z.string() }),
);

export const agentResumed = declareEvent(
  "agent.resumed",
  "A suspended agent has access again.",
  z.object({ epoch: z.int() }),
);

export const agentDecommissioned = declareEvent(
  "agent.decommissioned",
  "An agent lost all access for ever; its instances ended with it.",
  z.object({ instances: z.int() }),
);

export const personRegistered = declareEvent(
  "person.registered",
  "A person was registered. Her name, address and department stand in the registry only.",
  z.object({
    groups: z.array(z.string()),
    manager: z.string().optional(),
    limits: z.record(z.string(), z.int()),
    source: z.string(),
  }),
);

export const personUpdated = declareEvent(
  "person.updated",
  "A person's record was changed.",
  z.object({
    changed: z.array(z.string()),
    groups: z.array(z.string()),
    manager: z.string().optional(),
    limits: z.record(z.string(), z.int()),
  }),
);

export const personSuspended = declareEvent(
  "person.suspended",
  "A person can neither sign in nor be acted for until she is resumed.",
  z.object({ epoch: z.int() }),
);

export const personResumed = declareEvent(
  "person.resumed",
  "A suspended person may act again.",
  z.object({ epoch: z.int() }),
);

export const personDeparted = declareEvent(
  "person.departed",
  "A person left for good.",
  z.object({ epoch: z.int() }),
);

export const groupDefined = declareEvent(
  "group.defined",
  "A group was given the grants that its members have to give.",
  z.object({ group: z.string(), grants, before: grants.optional() }),
);

export const teamRegistered = declareEvent(
  "team.registered",
  "A team was registered or its record changed.",
  z.object({ team: z.string(), lead: z.string(), zone: z.string() }),
);

const serviceFacts = z.object({
  service: z.string(),
  name: z.string(),
  owner: z.string(),
  resources: z.array(z.string()),
});

export const serviceRegistered = declareEvent(
  "service.registered",
  "A service was registered.",
  serviceFacts,
);
export const serviceUpdated = declareEvent(
  "service.updated",
  "A service's record was changed.",
  serviceFacts,
);

export const serviceSuspended = declareEvent(
  "service.suspended",
  "A service lost all access until it is resumed.",
  z.object({ service: z.string(), epoch: z.int() }),
);

export const serviceResumed = declareEvent(
  "service.resumed",
  "A suspended service has access again.",
  z.object({ service: z.string(), epoch: z.int() }),
);

export const instanceEnrolled = declareEvent(
  "instance.enrolled",
  "A running copy of an agent or service proved the key it had made, and got an identity.",
  z.object({
    instance: z.string(),
    principal: z.string(),
    thumbprint: z.string(),
    strength: z.string(),
    expires: z.int(),
    evidence: z.string(),
    /** The one task that a person made it for. */
    task: z.string().optional(),
  }),
);

export const instanceRenewed = declareEvent(
  "instance.renewed",
  "A running copy for which others vouch came with another key, or is vouched for until later.",
  z.object({
    instance: z.string(),
    principal: z.string(),
    thumbprint: z.string(),
    expires: z.int(),
    evidence: z.string(),
  }),
);

export const instanceEnded = declareEvent(
  "instance.ended",
  "A running copy ended; its identity and its key are dead.",
  why.extend({ instance: z.string(), thumbprint: z.string() }),
);

export const registryEvents: readonly EventKind[] = [
  agentRegistered,
  agentUpdated,
  agentActivated,
  agentUnattested,
  agentRested,
  agentSuspended,
  agentOrphaned,
  agentHandedOver,
  serviceHandedOver,
  agentResumed,
  agentDecommissioned,
  personRegistered,
  personUpdated,
  personSuspended,
  personResumed,
  personDeparted,
  groupDefined,
  teamRegistered,
  serviceRegistered,
  serviceUpdated,
  serviceSuspended,
  serviceResumed,
  instanceEnrolled,
  instanceRenewed,
  instanceEnded,
  ...accountEvents,
];
