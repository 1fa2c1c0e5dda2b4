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

/** What is given within a task; by an agent's own task it is standing authority, and ends as such. */
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
  const standing = isOwn(chain) ? await standInOwnTask(deps, change, client, of) : undefined;
  const granted = await decideGrants(deps, change, { caller, instance, agent, chain, resource }, grants);
  if (standing !== undefined) return { granted, standing };
  await endStanding(deps, change, client, of);
  return { granted };
}

/** Whether nobody but the agent itself is in it. */
const isOwn = ({ task, links }: LivingChain): boolean => isAutonomous(task) && links.length === 1;
