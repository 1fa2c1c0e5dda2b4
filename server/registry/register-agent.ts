import type { z } from "zod";
import { append, conceal, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import { accepted } from "./accepted.ts";
import { type Agent, agentRegistration, delegationRules } from "./agent.ts";
import { requireAdministrator } from "./authority.ts";
import { clientIdOf } from "./client.ts";
import { agentActivated, agentRegistered, factsOf } from "./events.ts";
import { requireUnderCeiling } from "./grant-list.ts";
import { requireOwner, requireTeam } from "./owner.ts";
import { defined } from "./record.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { agentNamed, agentOfClientId, insertAgent } from "./store-workloads.ts";
import { newWatch } from "./write-agent.ts";

/** An agent as said, before defaults. */
export type AgentSaid = z.input<typeof agentRegistration>;

/**
 * Registers an agent. It has no access until its first instance enrols.
 * @throws Fault `forbidden`; `invalid` for a name, class, owner, team, expiry or grants that do not fit;
 *   `exists` when the name is taken, also by an agent that was decommissioned
 */
export function registerAgent(deps: RegistryDeps, caller: Caller, attackerAgent: AgentSaid): Promise<Agent> {
  return perform(deps, caller, "agent.register", async (change) => {
    requireAdministrator(caller);
    return addAgent(deps, change, caller, attackerAgent);
  });
}

/**
 * As `registerAgent`, within a change that does more besides. Whoever calls it has decided that it may.
 * @param registeredBy where an agent does it: which, and what the new one ends with
 */
export async function addAgent(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  attackerAgent: AgentSaid,
  registeredBy: Pick<Agent, "parent" | "under"> = {},
): Promise<Agent> {
  const { delegation, ...facts } = accepted("agent", agentRegistration, attackerAgent);
  await refuseTaken(deps, facts.name);
  // What people start as a client has nothing to enrol beforehand.
  const created = deps.clock.now();
  const waits = { status: "registered" } as const;
  const started = { status: "active", lastActive: created } as const;
  const first = {
    ...(facts.client === undefined ? waits : started),
    created,
    epoch: 0,
    access: 0,
    revision: 0,
    watch: newWatch(deps),
  };
  const rules = delegationRules(facts.grants, delegation);
  const agent: Agent = { ...defined(facts), ...first, ...registeredBy, delegation: rules };
  await refuseTakenClient(deps, agent);
  await requireSound(deps, change, agent);
  insertAgent(change, agent);
  const purpose = conceal(deps, change, "installation", agent.purpose);
  append(change, agentRegistered(deps, caller, aboutOf(agent), factsOf(agent, purpose)));
  if (agent.status === "active") append(change, agentActivated(deps, caller, aboutOf(agent), {}));
  return agent;
}

const aboutOf = ({ name, owner }: Agent) => ({ agent: name, person: owner });

async function refuseTaken(deps: RegistryDeps, name: string): Promise<void> {
  if ((await agentNamed(deps.database, name)) === undefined) return;
  throw new Fault("exists", `The name ${name} belongs to another agent, or did once.`, {
    remedy: "Choose another name, or change the agent that has it.",
  });
}

/**
 * One client is one agent: whoever reads what was done through it must know whose it was.
 * @throws Fault `exists`
 */
export async function refuseTakenClient(deps: RegistryDeps, { name, client }: Agent): Promise<void> {
  const clientId = clientIdOf(client);
  const other = clientId === undefined ? undefined : await agentOfClientId(deps.database, clientId);
  if (other === undefined || other.name === name) return;
  throw new Fault("exists", "This client belongs to another agent.", {
    remedy: "Name the client that is this agent, or none.",
  });
}

/** What holds for every agent's record: an owner, a team that exists, an expiry ahead, the ceiling rule. */
export async function requireSound(deps: RegistryDeps, change: Change, agent: Agent): Promise<void> {
  if (agent.expires !== undefined && agent.expires <= deps.clock.now()) {
    throw new Fault("invalid", `The expiry of agent ${agent.name} is in the past.`, {
      remedy: "Give a later one, or none.",
    });
  }
  requireUnderCeiling(agent.name, agent.grants, agent.delegation.grants);
  await requireTeam(deps, agent.team);
  await requireOwner(deps, change, `agent ${agent.name}`, agent.owner);
}
