import { usable } from "./deciding.ts";
import type { PolicySet } from "./policy.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { heads } from "./store.ts";

/** Every set whose verdict may bind somebody now: the active one, and a canary for its share of tasks. */
export async function bindingSets(deps: PolicyDeps): Promise<PolicySet[]> {
  const { active, canary } = await heads(deps.database);
  const versions = new Set([active, canary].flatMap((head) => head?.version ?? []));
  const sets = await Promise.all([...versions].map((version) => usable(deps, version)));
  return sets.filter((set) => set !== undefined);
}
