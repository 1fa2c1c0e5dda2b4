import { type Caller, Fault } from "../lib/index.ts";
import { findService, type Service } from "../registry/index.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { findToken, type IssuedToken } from "./store.ts";

/** A token, and the service that may speak about its use. */
export interface Served {
  readonly token: IssuedToken;
  readonly service: Service;
}

/**
 * A token for a resource that the calling service is registered for. Others learn nothing of it.
 * @throws Fault `forbidden` for callers that are no service, `not-found`
 */
export async function tokenServedBy(
  deps: OauthDeps,
  caller: Caller,
  { jti, tool }: { jti: string; tool: string },
): Promise<Served> {
  if (caller.kind !== "service") {
    throw new Fault("forbidden", "Only the service that is called can tell what is called.");
  }
  const [service, token] = await Promise.all([
    findService(deps, caller.principal),
    findToken(deps.database, jti),
  ]);
  if (service !== undefined && token !== undefined && service.resources.includes(token.audience)) {
    return { token, service };
  }
  throw new Fault("not-found", "There is no such token for a resource of this service.", {
    remedy: "Check that the resource is registered for this service.",
    record: { jti, tool },
  });
}

/**
 * The service that tells of something at a resource of its own.
 * @throws Fault `forbidden`
 */
export async function serviceOfResource(
  deps: OauthDeps,
  caller: Caller,
  attackerResource: string,
): Promise<Service> {
  const service = caller.kind === "service" ? await findService(deps, caller.principal) : undefined;
  if (service?.resources.includes(attackerResource)) return service;
  throw new Fault("forbidden", "A service reports about its own resources only.", {
    remedy: "Check that the resource is registered for this service.",
  });
}
