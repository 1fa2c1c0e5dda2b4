import type { z } from "zod";
import { append, perform } from "../audit/index.ts";
import { type Caller, Fault, newId } from "../lib/index.ts";
import { accepted } from "./accepted.ts";
import { requireAdministrator } from "./authority.ts";
import { serviceRegistered } from "./events.ts";
import { requireOwner } from "./owner.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { type Service, serviceRegistration } from "./service.ts";
import { insertService, serviceKnownAs } from "./store-workloads.ts";

/**
 * Registers a service: what starts tasks, or serves what agents call.
 * @throws Fault `forbidden`; `invalid`; `exists` when the name is taken
 */
export function registerService(
  deps: RegistryDeps,
  caller: Caller,
  attackerService: z.input<typeof serviceRegistration>,
): Promise<Service> {
  return perform(deps, caller, "service.register", async (change) => {
    requireAdministrator(caller);
    const said = accepted("service", serviceRegistration, attackerService);
    if ((await serviceKnownAs(deps.database, "name", said.name)) !== undefined) throw isTaken(said.name);
    await requireOwner(deps, change, `service ${said.name}`, said.owner);
    const first = { status: "active", epoch: 0, created: deps.clock.now(), revision: 0 } as const;
    const service: Service = { id: newId(deps, "service"), ...said, ...first };
    insertService(change, service);
    const { id, name, owner, resources } = service;
    const body = { service: id, name, owner, resources: [...resources] };
    append(change, serviceRegistered(deps, caller, { person: owner }, body));
    return service;
  });
}

const isTaken = (name: string): Fault =>
  new Fault("exists", `The name ${name} belongs to another service.`, { remedy: "Choose another name." });
