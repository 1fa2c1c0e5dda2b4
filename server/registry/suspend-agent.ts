import { append, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import type { AgentName, Caller } from "../lib/index.ts";
import type { Agent } from "./agent.ts";
import { switchAccess } from "./agent-transition.ts";
import { requireOwnerOrAdministrator } from "./authority.ts";
import { agentSuspended } from "./events.ts";
import { agentOrRefuse } from "./find-agent.ts";
import type { RegistryDeps } from "./registry-deps.ts";

/**
 * Suspends an agent: it loses all access at once, until it is resumed. Its owner may do it, since it only
 * takes away.
 * @throws Fault `forbidden`; `not-found`; `conflict` when its state does not allow it
 */
export function suspendAgent(
  deps: RegistryDeps,
  caller: Caller,
  { name }: { name: AgentName },
): Promise<Agent> {
  return perform(deps, caller, "agent.suspend", (change) => suspendWithin(deps, change, caller, name));
}

/** As `suspendAgent`, within a change that does more besides. */
export async function suspendWithin(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  name: AgentName,
): Promise<Agent> {
  const before = await agentOrRefuse(deps, name);
  requireOwnerOrAdministrator(caller, before.owner);
  const agent = switchAccess(deps, change, caller, before, "suspend");
  const about = { agent: agent.name, person: agent.owner };
  append(change, agentSuspended(deps, caller, about, { epoch: agent.epoch }));
  return agent;
}
