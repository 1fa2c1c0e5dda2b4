import type { Change } from "../database/index.ts";
import type { Caller } from "../lib/index.ts";
import { revoke } from "../revocation/index.ts";
import type { Agent } from "./agent.ts";
import { deadKeysOf } from "./instance.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { activeInstances, setEnded, setExpired } from "./store-instances.ts";

/**
 * Ends an agent's running copies in the caller's change, each with its key. Those that prove themselves whenever
 * they come only expire: of other trust domains and of platforms that vouch, which keep their SPIFFE IDs, and of
 * people, who start them for one task with a key that their client keeps. What they hold ends with the agent's
 * epoch, and they come back by fresh proof, like any other.
 * @param why a fixed phrase, for the log
 * @returns how many have ended or expired
 */
export async function endCopies(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  { name }: Agent,
  why: string,
): Promise<number> {
  const active = await activeInstances(deps.database, { kind: "agent", principal: name });
  const isOwn = ({ task, keeps_id }: (typeof active)[number]): boolean => task === null && keeps_id === 0;
  const own = active.filter(isOwn);
  const others = active.filter((copy) => !isOwn(copy));
  setEnded(change, idsOf(own));
  setExpired(change, idsOf(others), deps.clock.now());
  revoke(deps, change, caller, own.flatMap(deadKeysOf), why);
  return active.length;
}

const idsOf = (copies: readonly { id: string }[]): string[] => copies.map(({ id }) => id);
