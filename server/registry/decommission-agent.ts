import { append, perform } from "../audit/index.ts";
import type { AgentName, Caller } from "../lib/index.ts";
import { revoke } from "../revocation/index.ts";
import type { Agent } from "./agent.ts";
import { requireOwnerOrAdministrator } from "./authority.ts";
import { releaseAccounts } from "./change-account.ts";
import { agentDecommissioned } from "./events.ts";
import { agentOrRefuse } from "./find-agent.ts";
import { deadKeysOf } from "./instance.ts";
import { agentAfter } from "./lifecycle.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { activeInstances, setAllEnded } from "./store-instances.ts";
import { writeAgent } from "./write-agent.ts";

/**
 * Ends an agent for good: it, each of its instances and their keys are dead in the same change. Its name is
 * never given to another one.
 * @throws Fault `forbidden`; `not-found`; `conflict` when it is decommissioned already
 */
export function decommissionAgent(
  deps: RegistryDeps,
  caller: Caller,
  { name }: { name: AgentName },
): Promise<Agent> {
  return perform(deps, caller, "agent.decommission", async (change) => {
    const before = await agentOrRefuse(deps, name);
    requireOwnerOrAdministrator(caller, before.owner);
    const status = agentAfter(before, "decommission");
    const own = { kind: "agent", principal: before.name } as const;
    const instances = await activeInstances(deps.database, own);
    const after = { ...before, status, epoch: before.epoch + 1 };
    const written = writeAgent(deps, change, before, after);
    setAllEnded(change, own, instances.length);
    const dead = [`agent:${name}`, `agent:${name}#${before.epoch}`, ...instances.flatMap(deadKeysOf)];
    revoke(deps, change, caller, dead, "agent decommissioned");
    await releaseAccounts(deps, change, caller, name);
    const about = { agent: name, person: before.owner };
    append(change, agentDecommissioned(deps, caller, about, { instances: instances.length }));
    return written;
  });
}
