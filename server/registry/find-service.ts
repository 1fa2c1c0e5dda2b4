import type { Change, DatabaseDeps } from "../database/index.ts";
import { cutPage } from "../http/index.ts";
import { Fault, type ServiceId } from "../lib/index.ts";
import type { Page } from "./page.ts";
import type { Service } from "./service.ts";
import { requireService, serviceKnownAs, servicesAfter } from "./store-workloads.ts";

/** The service's record, by its id, in whatever state it is, or nothing. */
export const findService = (deps: DatabaseDeps, attackerId: string): Promise<Service | undefined> =>
  serviceKnownAs(deps.database, "id", attackerId);

/** The service's record, by its name, or nothing. */
export const findServiceByName = (deps: DatabaseDeps, attackerName: string): Promise<Service | undefined> =>
  serviceKnownAs(deps.database, "name", attackerName);

/** @throws Fault `not-found` */
export async function serviceOrRefuse(deps: DatabaseDeps, attackerId: string): Promise<Service> {
  const service = await findService(deps, attackerId);
  if (service !== undefined) return service;
  throw new Fault("not-found", "There is no service of this id.", {
    remedy: "List the services, or register this one.",
  });
}

/**
 * The service, if it has access now.
 * @throws Fault `forbidden`; `not-found`
 */
export async function aliveService(deps: DatabaseDeps, id: ServiceId): Promise<Service> {
  const service = await serviceOrRefuse(deps, id);
  if (service.status === "active") return service;
  throw new Fault("forbidden", `The service ${service.name} is suspended.`, {
    remedy: "Ask an administrator.",
  });
}

/** Guards a change: when it commits, the service is active and of this epoch. */
export const requireActiveService = (change: Change, service: { id: ServiceId; epoch: number }): void =>
  requireService(change, service);

/** A page of services in the order of their ids. */
export async function listServices(
  deps: DatabaseDeps,
  page: Page,
): Promise<{ items: Service[]; next?: string }> {
  const rows = await servicesAfter(deps.database, { ...page, limit: page.limit + 1 });
  return cutPage(rows, page.limit, (service) => service.id);
}
