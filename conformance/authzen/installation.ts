import type { Administrator } from "../administrator.ts";
import type { Address } from "../wire.ts";
import type { Definition } from "./applications.ts";
import { type EnforcementPoint, enforcementPoint } from "./enforcement-point.ts";

/** A running server and who administers it. */
export interface Installation {
  readonly server: Address;
  readonly administrator: Administrator;
}

/** A service of its own, and an application that it may ask. */
export async function serving(
  { server, administrator }: Installation,
  name: string,
  definition: Definition,
): Promise<EnforcementPoint> {
  const point = await enforcementPoint(administrator, server, `${name}-service`);
  await administrator.put(`/authzen/applications/${name}`, { ...definition, services: [point.id] });
  return point;
}
