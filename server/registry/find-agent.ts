import type { Change, DatabaseDeps } from "../database/index.ts";
import { cutPage } from "../http/index.ts";
import { type AgentName, Fault } from "../lib/index.ts";
import { deadAmong, openKeys, requireAlive } from "../revocation/index.ts";
import type { Agent } from "./agent.ts";
import { blockedKindsOf } from "./instance.ts";
import { standingOf } from "./lifecycle.ts";
import type { Page } from "./page.ts";
import {
  type AgentsWanted,
  agentNamed,
  agentOfClientId,
  agentsAfter,
  childrenOf,
  requireAgent,
  setUncounted,
} from "./store-workloads.ts";

/** The agent's record, in whatever state it is, or nothing. */
export const findAgent = (deps: DatabaseDeps, attackerName: string): Promise<Agent | undefined> =>
  agentNamed(deps.database, attackerName);

/** The agent that people start by the client of this id, or nothing. */
export const findAgentOfClient = (deps: DatabaseDeps, attackerId: string): Promise<Agent | undefined> =>
  agentOfClientId(deps.database, attackerId);

/** @throws Fault `not-found` */
export async function agentOrRefuse(deps: DatabaseDeps, attackerName: string): Promise<Agent> {
  const agent = await agentNamed(deps.database, attackerName);
  if (agent !== undefined) return agent;
  throw new Fault("not-found", "There is no agent of this name.", {
    remedy: "List the agents, or register this one.",
  });
}

const NO_ACCESS = {
  registered: { why: "has not enrolled yet", remedy: "Start it with a join token so that it enrols." },
  dormant: {
    why: "was silent for too long and is dormant",
    remedy: "Start it anew: a process that attests, or enrols with a new join token, brings it back.",
  },
  unattested: {
    why: "was changed and has not proven itself since",
    remedy: "Start it anew, so that it attests or enrols with a new join token.",
  },
  suspended: { why: "is suspended", remedy: "Ask an administrator to resume it." },
  expired: { why: "has expired", remedy: "Ask an administrator to give it a later expiry." },
  orphaned: {
    why: "has nobody who answers for it",
    remedy: "Ask an administrator to give it another owner.",
  },
  decommissioned: { why: "is decommissioned", remedy: "Register a new agent." },
} as const;

/**
 * The agent, if it has access now: active and not expired.
 * @throws Fault `forbidden` saying which of its states keeps it out; `not-found`
 */
export async function aliveAgent(deps: DatabaseDeps, name: AgentName): Promise<Agent> {
  const agent = await agentOrRefuse(deps, name);
  const standing = standingOf(agent, deps.clock.now());
  if (standing === "active") {
    await refuseEnded(deps, agent);
    return agent;
  }
  const { why, remedy } = NO_ACCESS[standing];
  throw new Fault("forbidden", `The agent ${agent.name} ${why}.`, {
    remedy,
    record: { about: { agent: agent.name } },
  });
}

/**
 * Lets only an agent pass whose class is open, and, where an agent registered it, that has not ended with that one.
 * @throws Fault `forbidden`
 */
export async function refuseEnded(deps: DatabaseDeps, agent: Agent): Promise<void> {
  await openKeys(deps, blockedKindsOf([agent]));
  const { under = [], name, parent } = agent;
  if (under.length === 0 || (await deadAmong(deps, under)).length === 0) return;
  throw new Fault("forbidden", `The agent ${name} has ended with what it was registered under.`, {
    remedy: `Let ${parent} register another one.`,
    record: { about: { agent: name } },
  });
}

/**
 * Guards a change: when it commits, the agent is active, not expired, and of this epoch. Otherwise the verb
 * decides again, and `aliveAgent` then says why.
 */
export const requireActiveAgent = (
  deps: DatabaseDeps,
  change: Change,
  agent: Pick<Agent, "name" | "epoch" | "under">,
): void => {
  requireAgent(change, agent, deps.clock.now());
  if (agent.under !== undefined) requireAlive(change, agent.under);
};

/**
 * The agents that one agent registered and that live now. Those that do not, once decommissioned or by what they were
 * registered under, never live again: from the caller's change on they are not even looked at.
 */
export async function livingChildren(
  deps: DatabaseDeps,
  change: Change,
  parent: AgentName,
): Promise<Agent[]> {
  const now = deps.clock.now();
  const children = await childrenOf(deps.database, parent, now);
  const under = new Set(children.flatMap((child) => child.under ?? []));
  const dead = new Set(await deadAmong(deps, [...under]));
  const isOver = (child: Agent): boolean =>
    child.status === "decommissioned" || (child.under ?? []).some((key) => dead.has(key));
  setUncounted(
    change,
    children.filter(isOver).map(({ name }) => name),
    now,
  );
  return children.filter((child) => !isOver(child));
}

/** A page of agents in the order of their names. */
export async function listAgents(
  deps: DatabaseDeps,
  page: Page & AgentsWanted,
): Promise<{ items: Agent[]; next?: string }> {
  const rows = await agentsAfter(deps.database, { ...page, limit: page.limit + 1 });
  return cutPage(rows, page.limit, (agent) => agent.name);
}
