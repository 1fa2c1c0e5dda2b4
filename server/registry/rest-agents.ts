import { append, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type AgentName, system } from "../lib/index.ts";
import { revoke } from "../revocation/index.ts";
import type { Agent } from "./agent.ts";
import { endCopies } from "./end-copies.ts";
import { agentRested } from "./events.ts";
import { agentOrRefuse } from "./find-agent.ts";
import { agentAfter } from "./lifecycle.ts";
import { byPages } from "./page.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { isSilent } from "./silence.ts";
import { requireStillSilent, silentAgents } from "./store-lifecycle.ts";
import { writeAgent } from "./write-agent.ts";

const AT_ONCE = 100;

/**
 * Makes agents dormant that have been silent for too long: each loses its access, its copies and what was issued
 * to it, and comes back by proving itself. Run it every minute or so; several servers may.
 * @returns how many were found
 */
export async function restAgents(deps: RegistryDeps): Promise<number> {
  const silent = () => silentAgents(deps.database, deps.clock.now(), deps.lifecycle?.dormantAfter, AT_ONCE);
  return byPages(silent, (name) => restAgent(deps, name), AT_ONCE);
}

const restAgent = (deps: RegistryDeps, name: AgentName): Promise<void> =>
  perform(deps, system, "agent.rest", async (change) => {
    const before = await agentOrRefuse(deps, name);
    const now = deps.clock.now();
    if (before.status !== "active" || !isSilent(before, now, deps.lifecycle?.dormantAfter)) return;
    await restWithin(deps, change, before, now);
  });

async function restWithin(deps: RegistryDeps, change: Change, before: Agent, now: number): Promise<void> {
  const { name, owner, epoch, lastActive, created } = before;
  writeAgent(deps, change, before, rested(before, now));
  requireStillSilent(change, before);
  const instances = await endCopies(deps, change, system, before, "agent dormant");
  revoke(deps, change, system, [`agent:${name}#${epoch}`], "agent dormant");
  const about = { agent: name, person: owner };
  append(
    change,
    agentRested(deps, system, about, { epoch: epoch + 1, instances, silent_since: lastActive ?? created }),
  );
}

/** The record of one that has become dormant: whoever it was before must be proven anew. Pure. */
export const rested = (before: Agent, now: number): Agent => ({
  ...before,
  status: agentAfter(before, "rest"),
  unattestedSince: now,
  epoch: before.epoch + 1,
});
