import type { z } from "zod";
import { append, perform } from "../audit/index.ts";
import type { Caller, ServiceId } from "../lib/index.ts";
import { revoke } from "../revocation/index.ts";
import { accepted } from "./accepted.ts";
import { requireAdministrator } from "./authority.ts";
import { serviceUpdated } from "./events.ts";
import { serviceOrRefuse } from "./find-service.ts";
import { requireOwner } from "./owner.ts";
import { changedMembers, withoutNull } from "./record.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { type Service, serviceUpdate } from "./service.ts";
import { replaceService } from "./store-workloads.ts";

/**
 * Says a service's owner or resources anew; what is absent stays. Where a resource is taken away, what was
 * issued to the service before dies.
 * @throws Fault `forbidden`; `not-found`; `invalid`
 */
export function updateService(
  deps: RegistryDeps,
  caller: Caller,
  { id, update: attackerUpdate }: { id: ServiceId; update: z.input<typeof serviceUpdate> },
): Promise<Service> {
  return perform(deps, caller, "service.update", async (change) => {
    requireAdministrator(caller);
    const before = await serviceOrRefuse(deps, id);
    const said = withoutNull(before, accepted("service", serviceUpdate, attackerUpdate));
    if (changedMembers(before, said).length === 0) return before;
    await requireOwner(deps, change, `service ${before.name}`, said.owner);
    const narrowed = !before.resources.every((resource) => said.resources.includes(resource));
    const after = narrowed ? { ...said, epoch: before.epoch + 1 } : said;
    replaceService(change, before, after);
    if (narrowed) revoke(deps, change, caller, [`service:${id}#${before.epoch}`], "service narrowed");
    const { name, owner, resources } = after;
    append(
      change,
      serviceUpdated(
        deps,
        caller,
        { person: owner },
        { service: id, name, owner, resources: [...resources] },
      ),
    );
    return { ...after, revision: before.revision + 1 };
  });
}
