import type { Change } from "../database/index.ts";
import type { Caller } from "../lib/index.ts";
import { revoke } from "../revocation/index.ts";
import type { Agent } from "./agent.ts";
import { deadKeysOf } from "./instance.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { activeInstances, setEnded, setExpired } from "./store-instances.ts";

/**
 * Ends an agent's running copies in the caller's change, each with its key. Left are those that prove themselves
 * whenever they come: of other trust domains, whose SPIFFE IDs would be lost for ever, and of people, who start
 * them for one task; what they hold ends with the agent's epoch, and they need fresh proof like any other. So do
 * those for which a platform vouches: they expire, and their keys prove nothing until it vouches anew.
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
  const ours = active.filter(
    ({ id, task }) => task === null && id.startsWith(`spiffe://${deps.trustDomain}/`),
  );
  const [federated, own] = [true, false].map((wanted) =>
    ours.filter(({ strength }) => (strength === "platform-federated") === wanted),
  ) as [typeof ours, typeof ours];
  setExpired(
    change,
    federated.map(({ id }) => id),
    deps.clock.now(),
  );
  setEnded(
    change,
    own.map(({ id }) => id),
  );
  revoke(deps, change, caller, own.flatMap(deadKeysOf), why);
  return ours.length;
}
