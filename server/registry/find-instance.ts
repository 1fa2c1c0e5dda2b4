import type { DatabaseDeps } from "../database/index.ts";
import { cutPage } from "../http/index.ts";
import type { Instance } from "./instance.ts";
import type { Page } from "./page.ts";
import { instanceKnownAs, instancesAfter } from "./store-instances.ts";

/** The running copy of this SPIFFE ID, in whatever state it is, or nothing. */
export const findInstance = (deps: DatabaseDeps, attackerId: string): Promise<Instance | undefined> =>
  instanceKnownAs(deps.database, "id", attackerId);

/** The running copy that holds the key of this RFC 7638 thumbprint, in whatever state it is, or nothing. */
export const findInstanceByThumbprint = (
  deps: DatabaseDeps,
  attackerThumbprint: string,
): Promise<Instance | undefined> => instanceKnownAs(deps.database, "thumbprint", attackerThumbprint);

/** A page of the instances of one agent or service, ended ones included. */
export async function listInstances(
  deps: DatabaseDeps,
  of: Pick<Instance, "kind" | "principal">,
  page: Page,
): Promise<{ items: Instance[]; next?: string }> {
  const rows = await instancesAfter(deps.database, of, { ...page, limit: page.limit + 1 });
  return cutPage(rows, page.limit, (instance) => instance.id);
}
