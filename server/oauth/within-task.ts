import type { Grant } from "@countersign/proof/grant";
import type { Change } from "../database/index.ts";
import { isAutonomous, joinTask, type LivingChain } from "../delegation/index.ts";
import type { Agent } from "../registry/index.ts";
import type { BoundClient } from "./client.ts";
import { decideGrants } from "./decide-grants.ts";
import type { Granted } from "./mandate.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import type { Resource } from "./resource.ts";
import { endStanding, standInOwnTask } from "./standing.ts";
import type { StandingEpoch } from "./standing-epoch.ts";

/** What is given within a task; by a task that nobody asked for it is the standing authority of the agent at its root, and ends as that does. */
export interface GivenWithin {
  readonly granted: Granted[];
  readonly standing?: StandingEpoch;
}

/**
 * Decides what an agent gets by a chain, whatever it is handed for it. With it the running copy belongs to the
 * task, and what the agent held at the resource on its own authority ends: neither can be left out. By a task
 * that an agent started itself it is given that very authority, if nobody has delegated to it there.
 * @throws Fault what `joinTask`, `decideGrants` and `standInOwnTask` throw
 */
export async function decideWithinTask(
  deps: OauthDeps,
  change: Change,
  client: BoundClient,
  on: { readonly agent: Agent; readonly chain: LivingChain; readonly resource: Resource },
  grants: readonly Grant[],
): Promise<GivenWithin> {
  const { caller, instance } = client;
  const { agent, chain, resource } = on;
  await joinTask(deps, change, chain, instance.id);
  const of = { agent, audience: resource.location };
  const root = isAutonomous(chain.task) ? chain.agents[0] : undefined;
  const standing =
    root === undefined ? undefined : await standInOwnTask(deps, change, client, { ...of, agent: root });
  const granted = await decideGrants(deps, change, { caller, instance, agent, chain, resource }, grants);
  if (root?.name !== agent.name) await endStanding(deps, change, client, of);
  return { granted, ...(standing === undefined ? {} : { standing }) };
}
