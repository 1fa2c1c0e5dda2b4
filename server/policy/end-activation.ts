import type { Change } from "../database/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import { revoke } from "../revocation/index.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { policyKey } from "./policy-key.ts";
import { requirePublisherOrAdministrator } from "./publisher.ts";
import { activationsKnownAs, head } from "./store.ts";

/** What was ended: all that was decided by these activations. */
export interface EndedActivations {
  readonly numbers: readonly number[];
  readonly version: string;
  /** Whether one of them decides now: then nothing can be given until another set is activated. */
  readonly deciding: boolean;
}

/**
 * Ends all that was decided by one activation of a set, or by every activation of a version, in the caller's
 * change. It is final: activated again, the set decides anew under another number.
 * @param attackerId the number of an activation, or a version
 * @throws Fault `forbidden`; `not-found`
 */
export async function endActivation(
  deps: PolicyDeps,
  change: Change,
  caller: Caller,
  attackerId: string,
): Promise<EndedActivations> {
  requirePublisherOrAdministrator(caller);
  const found = await activationsKnownAs(deps.database, attackerId);
  const [first] = found;
  if (first === undefined) {
    throw new Fault("not-found", "No such set of policies has ever decided here.", {
      remedy: "List the activations; name one by its number or its version.",
    });
  }
  const numbers = found.map(({ number }) => number);
  revoke(deps, change, caller, numbers.map(policyKey), "policies revoked");
  const active = await head(deps.database);
  return { numbers, version: first.version, deciding: numbers.includes(active?.number ?? 0) };
}
