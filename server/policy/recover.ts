import { system } from "../lib/index.ts";
import { type Activated, replacePolicies } from "./activate.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { rollbackPolicies } from "./rollback.ts";
import { shippedPolicies } from "./shipped.ts";

/**
 * The way back for whoever holds this process, when the policies that decide let nobody administer any more:
 * what policies say of that cannot bind the one who could as well change the database. It stands in the log as
 * the installation's own act.
 * @param to `previous`, `shipped`, or the version of a set on record
 * @throws Fault as `activatePolicies` and `rollbackPolicies`
 */
export async function recoverPolicies(deps: PolicyDeps, to: string): Promise<Activated> {
  const message = "recovered by whoever runs the process";
  const activated =
    to === "shipped"
      ? await replacePolicies(deps, system, await shippedPolicies(), { message })
      : await rollbackPolicies(deps, system, { message, ...(to === "previous" ? {} : { version: to }) });
  deps.log.warn(
    { version: activated.version, to },
    "policies were recovered; start without this option next",
  );
  return activated;
}
