import { append, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import type { AgentName, Caller } from "../lib/index.ts";
import type { Agent } from "./agent.ts";
import { switchAccess } from "./agent-transition.ts";
import { requireAdministrator } from "./authority.ts";
import { agentResumed } from "./events.ts";
import { agentOrRefuse } from "./find-agent.ts";
import { requireOwner } from "./owner.ts";
import type { RegistryDeps } from "./registry-deps.ts";

/**
 * Gives a suspended agent its access back, if its owner is still there to answer for it. What was issued
 * before its suspension stays dead. Not the owner's to do: the suspension may have been against her.
 * @throws Fault `forbidden`; `not-found`; `conflict` when its state does not allow it; `invalid` without an owner
 */
export function resumeAgent(
  deps: RegistryDeps,
  caller: Caller,
  { name }: { name: AgentName },
): Promise<Agent> {
  return perform(deps, caller, "agent.resume", (change) => resumeWithin(deps, change, caller, name));
}

/** As `resumeAgent`, within a change that does more besides. */
export async function resumeWithin(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  name: AgentName,
): Promise<Agent> {
  requireAdministrator(caller);
  const before = await agentOrRefuse(deps, name);
  const agent = switchAccess(deps, change, caller, before, "resume");
  await requireOwner(deps, change, `agent ${agent.name}`, agent.owner);
  const about = { agent: agent.name, person: agent.owner };
  append(change, agentResumed(deps, caller, about, { epoch: agent.epoch }));
  return agent;
}
