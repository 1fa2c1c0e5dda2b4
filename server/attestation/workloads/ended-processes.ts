import { perform } from "../../audit/index.ts";
import type { Change } from "../../database/index.ts";
import type { Caller } from "../../lib/index.ts";
import { endProven, findInstance, type Instance } from "../../registry/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { livingHost } from "../hosts/live-host.ts";
import { copiesVouchedBy, processOfInstance } from "./store-processes.ts";

/**
 * Ends the running copies whose processes their host has seen exit. What is not this host's, or has ended already,
 * is passed over: saying it twice does no harm.
 * @returns how many ended
 * @throws Fault `forbidden`
 */
export function endProcesses(
  deps: AttestationDeps,
  caller: Caller,
  { attackerInstances }: { readonly attackerInstances: readonly string[] },
): Promise<number> {
  return perform(deps, caller, "host.processes-ended", async (change: Change) => {
    const host = await livingHost(deps, caller);
    let ended = 0;
    for (const id of new Set(attackerInstances)) {
      const process = await processOfInstance(deps.database, id);
      const instance = process?.host === host.id ? await findInstance(deps, id) : undefined;
      if (instance?.status !== "active") continue;
      endProven(deps, change, caller, instance, { why: "its process has exited" });
      for (const within of await activeCopiesWithin(deps, id))
        endProven(deps, change, caller, within, { why: "its process has exited" });
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
