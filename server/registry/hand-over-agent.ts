import { append, perform } from "../audit/index.ts";
import { type AgentName, type Caller, Fault, type PersonId } from "../lib/index.ts";
import type { Agent } from "./agent.ts";
import { requireOwnerOrAdministrator } from "./authority.ts";
import { agentHandedOver } from "./events.ts";
import { agentOrRefuse } from "./find-agent.ts";
import { giversAfter } from "./givers.ts";
import { requireOwner } from "./owner.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { writeAgent } from "./write-agent.ts";

/**
 * Gives an agent another owner: by its owner, who may be about to leave, or by an administrator. It is no orphan
 * any more; one that was suspended as an orphan is resumed by an administrator.
 * @throws Fault `forbidden`; `not-found`; `invalid` for somebody who is not active; `conflict` for one that is
 *   decommissioned, or has gone from hand to hand too often
 */
export function handOverAgent(
  deps: RegistryDeps,
  caller: Caller,
  { name, to }: { name: AgentName; to: PersonId },
): Promise<Agent> {
  return perform(deps, caller, "agent.hand-over", async (change) => {
    const before = await agentOrRefuse(deps, name);
    requireOwnerOrAdministrator(caller, before.owner);
    if (before.status === "decommissioned") throw isOver(name);
    if (before.owner === to) return before;
    await requireOwner(deps, change, `agent ${name}`, to);
    const after = handedOver({ ...before, owner: to }, before.owner, caller);
    const written = writeAgent(deps, change, before, after);
    append(change, agentHandedOver(deps, caller, { agent: name, person: to }, { from: before.owner, to }));
    return written;
  });
}

/** The record of one that has another owner than it had, who is no orphan any more. Pure. */
export function handedOver(after: Agent, from: PersonId, caller: Caller): Agent {
  const { orphanedSince: _, graceEnds: __, givenAwayBy: before = [], ...kept } = after;
  const givers = giversAfter(before, from, caller);
  return givers.length === 0 ? kept : { ...kept, givenAwayBy: givers };
}

const isOver = (name: AgentName): Fault =>
  new Fault("conflict", `The agent ${name} is decommissioned: nobody needs to answer for it any more.`, {
    remedy: "Nothing is left to do.",
  });
