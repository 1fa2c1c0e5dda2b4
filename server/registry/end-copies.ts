import type { Change } from "../database/index.ts";
import type { Caller } from "../lib/index.ts";
import { revoke } from "../revocation/index.ts";
import type { Agent } from "./agent.ts";
import { deadKeysOf } from "./instance.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { activeInstances, setEnded } from "./store-instances.ts";

/**
 * Ends an agent's running copies in the caller's change, each with its key. Left are those that prove themselves
 * whenever they come: of other trust domains, whose SPIFFE IDs would be lost for ever, and of people, who start
 * them for one task; what they hold ends with the agent's epoch, and they need fresh proof like any other.
 * @param why a fixed phrase, for the log
 * @returns how many have ended
 */
export async function endCopies(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  { name }: Agent,
  why: string,
): Promise<number> {
  const active = await activeInstances(deps.database, { kind: "agent", principal: name });
  const own = active.filter(
    ({ id, task }) => task === null && id.startsWith(`spiffe://${deps.trustDomain}/`),
  );
  setEnded(
    change,
    own.map(({ id }) => id),
  );
  revoke(deps, change, caller, own.flatMap(deadKeysOf), why);
  return own.length;
}
