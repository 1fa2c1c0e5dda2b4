import { catalogVersion, cedarSchema } from "../catalog/index.ts";
import type { Change } from "../database/index.ts";
import type { PolicySet } from "./policy.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { policySet } from "./policy-set.ts";
import { head, requireHead, storedSet } from "./store.ts";

/** Keeps the set that decides ready for evaluation, until another one does or the catalog has changed. */
export class ActivePolicies {
  #ready: { key: string; set: PolicySet } | undefined;

  /** @param key names the set, and the state of the catalog that it was made with */
  async get(key: string, make: () => Promise<PolicySet | undefined>): Promise<PolicySet | undefined> {
    if (this.#ready?.key === key) return this.#ready.set;
    const set = await make();
    this.#ready = set === undefined ? undefined : { key, set };
    return set;
  }
}

/**
 * The policies that decide now, in every process: the head row is read each time.
 * @returns nothing where none has ever been activated; `decide` then denies
 */
export async function activeSet(deps: PolicyDeps): Promise<PolicySet | undefined> {
  const active = await head(deps.database);
  if (active === undefined) return undefined;
  const catalog = await catalogVersion(deps);
  return deps.policies.get(`${active.version} ${catalog}`, async () => {
    const stored = await storedSet(deps.database, active.version);
    const { schema } = await cedarSchema(deps);
    return stored === undefined ? undefined : policySet(stored.files, schema, "active");
  });
}

/** Adds to a change that the policies it was decided by still decide when it commits. */
export function requireActivePolicies(change: Change, version: string): void {
  requireHead(change, version);
}
