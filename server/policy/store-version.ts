import { append, conceal, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import { requireActivatable } from "./activatable.ts";
import { filesReady } from "./active-set.ts";
import { policyStored } from "./events.ts";
import type { PolicyFile } from "./policy.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { identify, inOrder } from "./policy-set.ts";
import { requirePublisherOrAdministrator } from "./publisher.ts";
import { insertSet, storedSet } from "./store.ts";

/** A set on record. */
export interface Stored {
  readonly version: string;
  readonly hash: string;
}

/**
 * Puts a set on record, so that it can be looked at, compared, tried as a shadow, and activated by its version.
 * @throws Fault `forbidden`; `invalid` with every problem found, tests included
 */
export function storeVersion(
  deps: PolicyDeps,
  caller: Caller,
  { files, message }: { files: readonly PolicyFile[]; message?: string | undefined },
): Promise<Stored> {
  return perform(deps, caller, "policy.store", async (change) => {
    requirePublisherOrAdministrator(caller);
    await requireActivatable(deps, files);
    return storeOnce(deps, change, caller, files, message);
  });
}

/**
 * Adds to a change that a set is on record. One that is already keeps its author, its time and its message.
 * @throws Fault `conflict` where another set has the same version: two contents made to share it
 */
export async function storeOnce(
  deps: PolicyDeps,
  change: Change,
  caller: Caller,
  files: readonly PolicyFile[],
  message: string | undefined,
): Promise<Stored> {
  const identity = identify(files);
  const stored = await storedSet(deps.database, identity.version);
  if (stored !== undefined && stored.hash !== identity.hash)
    throw new Fault("conflict", "Another set of policies has this version already.", {
      remedy: "Change anything in the files, such as a comment.",
    });
  if (stored !== undefined) return identity;
  const { policies } = await filesReady(deps, files);
  const by = { author: caller.principal, at: deps.clock.now() };
  insertSet(change, {
    ...identity,
    ...by,
    files: inOrder(files),
    ...(message === undefined ? {} : { message }),
  });
  const commitment = message === undefined ? {} : { message: conceal(deps, change, "installation", message) };
  append(change, policyStored(deps, caller, {}, { ...identity, policies: policies.size, ...commitment }));
  return identity;
}
