import { append, perform } from "../audit/index.ts";
import { type Caller, Fault, type ServiceId } from "../lib/index.ts";
import { revoke } from "../revocation/index.ts";
import { requireAdministrator, requireOwnerOrAdministrator } from "./authority.ts";
import { serviceResumed, serviceSuspended } from "./events.ts";
import { serviceOrRefuse } from "./find-service.ts";
import { requireOwner } from "./owner.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import type { Service } from "./service.ts";
import { replaceService } from "./store-workloads.ts";

/**
 * Suspends a service: it loses all access at once, until it is resumed.
 * @throws Fault `forbidden`; `not-found`; `conflict` when it is suspended already
 */
export function suspendService(
  deps: RegistryDeps,
  caller: Caller,
  { id }: { id: ServiceId },
): Promise<Service> {
  return perform(deps, caller, "service.suspend", async (change) => {
    const before = await serviceOrRefuse(deps, id);
    requireOwnerOrAdministrator(caller, before.owner);
    if (before.status !== "active") throw isAlready(before);
    const after = { ...before, status: "suspended", epoch: before.epoch + 1 } as const;
    replaceService(change, before, after);
    revoke(deps, change, caller, [`service:${id}#${before.epoch}`], "service suspended");
    append(
      change,
      serviceSuspended(deps, caller, { person: before.owner }, { service: id, epoch: after.epoch }),
    );
    return { ...after, revision: before.revision + 1 };
  });
}

/**
 * Gives a suspended service its access back. What was issued before its suspension stays dead.
 * @throws Fault `forbidden`; `not-found`; `conflict` when it is not suspended; `invalid` without an owner
 */
export function resumeService(
  deps: RegistryDeps,
  caller: Caller,
  { id }: { id: ServiceId },
): Promise<Service> {
  return perform(deps, caller, "service.resume", async (change) => {
    requireAdministrator(caller);
    const before = await serviceOrRefuse(deps, id);
    if (before.status !== "suspended") throw isAlready(before);
    await requireOwner(deps, change, `service ${before.name}`, before.owner);
    const after = { ...before, status: "active" } as const;
    replaceService(change, before, after);
    append(
      change,
      serviceResumed(deps, caller, { person: before.owner }, { service: id, epoch: after.epoch }),
    );
    return { ...after, revision: before.revision + 1 };
  });
}

const isAlready = ({ name, status }: Service): Fault =>
  new Fault("conflict", `The service ${name} is ${status} already.`, { remedy: "Nothing is left to do." });
