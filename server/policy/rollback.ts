import { perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import { type Activated, type Activating, activatePolicies } from "./activate.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { requirePublisher } from "./publisher.ts";
import { latestActivations, requireHead } from "./store.ts";
import { filesOf } from "./which-set.ts";

/**
 * Brings an earlier set back: the one that decided before the one that does, or a version by name. The same
 * rules hold as for any activation; its tests run again, with the catalog as it is now.
 * @throws Fault `not-found` for a version that is not on record; `conflict` when nothing decided before; else
 *   as `activatePolicies`
 */
export function rollbackPolicies(
  deps: PolicyDeps,
  caller: Caller,
  { version, ...activating }: Activating & { readonly version?: string | undefined },
): Promise<Activated> {
  return perform(deps, caller, "policy.rollback", async (change) => {
    requirePublisher(caller);
    const to = version ?? (await versionBefore(deps, change));
    const files = await filesOf(deps, { version: to });
    return activatePolicies(deps, change, caller, files, { ...activating, kind: "rollback" });
  });
}

/** What decided before depends on what decides: that it still does is part of the change. */
async function versionBefore({ database }: PolicyDeps, change: Change): Promise<string> {
  const [latest, before] = await latestActivations(database, { limit: 2 });
  if (latest !== undefined && before !== undefined) {
    requireHead(change, latest);
    return before.version;
  }
  throw new Fault("conflict", "No set decided here before the one that does.", {
    remedy: "Name the version to go back to; `countersign policy versions` lists them.",
  });
}
