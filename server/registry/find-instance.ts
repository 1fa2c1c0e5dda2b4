import type { DatabaseDeps } from "../database/index.ts";
import { cutPage } from "../http/index.ts";
import type { Instance } from "./instance.ts";
import type { Page } from "./page.ts";
import { instanceKnownAs, instancesAfter, liveInstancesOf } from "./store-instances.ts";

/** The running copy of this SPIFFE ID, in whatever state it is, or nothing. */
export const findInstance = (deps: DatabaseDeps, attackerId: string): Promise<Instance | undefined> =>
  instanceKnownAs(deps.database, "id", attackerId);

/** The running copy that holds the key of this RFC 7638 thumbprint, in whatever state it is, or nothing. */
export const findInstanceByThumbprint = (
  deps: DatabaseDeps,
  attackerThumbprint: string,
): Promise<Instance | undefined> => instanceKnownAs(deps.database, "thumbprint", attackerThumbprint);

/** The one running copy that there is now of an agent or a service; nothing where there is none, or another. */
export async function onlyLiveInstance(
  { database, clock }: DatabaseDeps,
  of: Pick<Instance, "kind" | "principal">,
): Promise<Instance | undefined> {
  const [only, another] = await liveInstancesOf(database, of, { now: clock.now(), limit: 2 });
  return another === undefined ? only : undefined;
}

/** A page of the instances of one agent or service, ended ones included. */
export async function listInstances(
  deps: DatabaseDeps,
  of: Pick<Instance, "kind" | "principal">,
  page: Page,
): Promise<{ items: Instance[]; next?: string }> {
  const rows = await instancesAfter(deps.database, of, { ...page, limit: page.limit + 1 });
  return cutPage(rows, page.limit, (instance) => instance.id);
}
