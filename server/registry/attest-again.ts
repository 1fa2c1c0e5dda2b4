import { append } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import type { Caller } from "../lib/index.ts";
import { revoke } from "../revocation/index.ts";
import type { Agent } from "./agent.ts";
import { endCopies } from "./end-copies.ts";
import { agentUnattested } from "./events.ts";
import { agentAfter } from "./lifecycle.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { writeAgent } from "./write-agent.ts";

/**
 * Makes an agent prove itself anew, in the caller's change: something that it is made of was declared otherwise
 * than it was proven. Its copies end, what was issued to it dies, and evidence from before does not bring it back.
 * One that is suspended stays so, and must prove itself once it is resumed; one that people start as a client
 * stays active, since each of them starts it anew.
 * @param agent the record as read for this change
 * @param why a fixed phrase of the calling room, such as `version changed`
 * @returns the record as it is after the change; the caller does not write it besides
 * @throws Fault `conflict` for one that is decommissioned
 */
export async function attestAgain(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  agent: Agent,
  why: string,
): Promise<Agent> {
  // It has proven nothing yet. Whoever proves it at this moment, to what was declared before, decides again.
  if (agent.status === "registered") return writeAgent(deps, change, agent, agent);
  const after = mustAttest(agent, deps.clock.now());
  const written = writeAgent(deps, change, agent, after);
  await loseProof(deps, change, caller, agent, why);
  return written;
}

/** The record of one that must prove itself anew. Pure. */
export function mustAttest(before: Agent, now: number): Agent {
  const status = agentAfter(before, "attest again");
  if (status === "registered") return before;
  if (before.client !== undefined && before.status === "active")
    return { ...before, epoch: before.epoch + 1 };
  return { ...before, status, unattestedSince: now, epoch: before.epoch + 1 };
}

/** Ends what rests on an agent's proof: its copies, and what was issued since its epoch began. */
export async function loseProof(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  before: Agent,
  why: string,
): Promise<void> {
  if (before.status === "registered") return;
  const { name, owner, epoch } = before;
  const instances = await endCopies(deps, change, caller, before, "agent must attest again");
  revoke(deps, change, caller, [`agent:${name}#${epoch}`], "agent must attest again");
  const about = { agent: name, person: owner };
  append(change, agentUnattested(deps, caller, about, { epoch: epoch + 1, instances, why }));
}
