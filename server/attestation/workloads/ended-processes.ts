import { perform } from "../../audit/index.ts";
import type { Change } from "../../database/index.ts";
import type { Caller } from "../../lib/index.ts";
import { endProven, findInstance, type Instance } from "../../registry/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { livingHost } from "../hosts/live-host.ts";
import { liveProcessesOn } from "./live-processes.ts";
import { copiesVouchedBy, processOfInstance } from "./store-processes.ts";

/** What one change may end. */
const MOST_AT_ONCE = 1_000;

/**
 * Ends the running copies whose processes their host has seen exit. What is not this host's, or has ended already,
 * is passed over: saying it twice does no harm.
 * @param told `attackerInstances`: which; `all` of the machine's, a thousand at a time, where it has begun anew and
 *   holds nobody's keys any more
 * @returns how many ended
 * @throws Fault `forbidden`
 */
export function endProcesses(
  deps: AttestationDeps,
  caller: Caller,
  { attackerInstances }: { readonly attackerInstances: readonly string[] | "all" },
): Promise<number> {
  return perform(deps, caller, "host.processes-ended", async (change: Change) => {
    const host = await livingHost(deps, caller);
    const why = attackerInstances === "all" ? "its host has begun anew" : "its process has exited";
    const told = attackerInstances === "all" ? await liveProcessesOn(deps, host) : attackerInstances;
    let ended = 0;
    for (const id of new Set(told)) {
      if (ended === MOST_AT_ONCE) break;
      const process = await processOfInstance(deps.database, id);
      const instance = process?.host === host.id ? await findInstance(deps, id) : undefined;
      if (instance?.status !== "active") continue;
      endProven(deps, change, caller, instance, { why });
      for (const within of await activeCopiesWithin(deps, id))
        endProven(deps, change, caller, within, { why });
      ended += 1;
    }
    return ended;
  });
}

/** They are dead with the process in any case; their records say so as well. */
async function activeCopiesWithin(deps: AttestationDeps, voucher: string): Promise<Instance[]> {
  const copies = await copiesVouchedBy(deps.database, voucher);
  const instances = await Promise.all(copies.map((id) => findInstance(deps, id)));
  return instances.filter((instance) => instance?.status === "active") as Instance[];
}
