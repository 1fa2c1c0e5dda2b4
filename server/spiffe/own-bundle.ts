import type { Json, JsonObject } from "@countersign/proof/jcs";
import { Fault } from "../lib/index.ts";
import { bundleDocument, type OwnBundle } from "./authority.ts";
import type { AuthorityDeps } from "./spiffe-deps.ts";
import { everyDomain } from "./store.ts";
import { ownBundle } from "./store-authority.ts";

/** Our own trust domain's bundle, as it is published now. @throws Fault `unavailable` */
export async function publishedBundle(deps: AuthorityDeps): Promise<OwnBundle> {
  await deps.authority.records(deps);
  const bundle = await ownBundle(deps.database, deps.trustDomain);
  if (bundle !== undefined) return bundle;
  throw new Fault("unavailable", "Our own trust bundle is not published.", { remedy: "Try again." });
}

export const publishedDocument = async (deps: AuthorityDeps): Promise<JsonObject> =>
  bundleDocument(await publishedBundle(deps));

/**
 * What hosts give to workloads: our own bundle first, then those of the trust domains that we federate with, each
 * by itself.
 * @returns by the name of the trust domain
 */
export async function bundlesForHosts(deps: AuthorityDeps): Promise<Record<string, Json>> {
  const others = (await everyDomain(deps.database)).filter(({ name }) => name !== deps.trustDomain);
  return {
    [deps.trustDomain]: await publishedDocument(deps),
    ...Object.fromEntries(others.map(({ name, document }) => [name, document])),
  };
}
