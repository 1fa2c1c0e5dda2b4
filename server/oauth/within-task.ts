import type { Grant } from "@countersign/proof/grant";
import type { Change } from "../database/index.ts";
import { joinTask, type LivingChain } from "../delegation/index.ts";
import type { Agent } from "../registry/index.ts";
import type { BoundClient } from "./client.ts";
import { decideGrants } from "./decide-grants.ts";
import type { Granted } from "./mandate.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import type { Resource } from "./resource.ts";
import { endStanding } from "./standing.ts";

/**
 * Decides what an agent gets by a chain, whatever it is handed for it. With it the running copy belongs to the
 * task, and what the agent held at the resource on its own authority ends: neither can be left out.
 * @throws Fault what `joinTask` and `decideGrants` throw
 */
export async function decideWithinTask(
  deps: OauthDeps,
  change: Change,
  client: BoundClient,
  on: { readonly agent: Agent; readonly chain: LivingChain; readonly resource: Resource },
  grants: readonly Grant[],
): Promise<Granted[]> {
  const { caller, instance } = client;
  const { agent, chain, resource } = on;
  await joinTask(deps, change, chain, instance.id);
  const granted = await decideGrants(deps, change, { caller, instance, agent, chain, resource }, grants);
  await endStanding(deps, change, client, { agent, audience: resource.location });
  return granted;
}
