import { Change, Conflict, type DatabaseDeps } from "../database/index.ts";
import type { AgentName } from "../lib/index.ts";
import { setLastActive } from "./store-workloads.ts";

/** Notes that the agent was active, to the minute. Housekeeping: no event, and no harm when it is lost. */
export async function touchAgent(deps: DatabaseDeps, name: AgentName): Promise<void> {
  const change = new Change(deps.database);
  setLastActive(change, name, deps.clock.now());
  await deps.database.commit(change).catch((error) => {
    if (!(error instanceof Conflict)) throw error;
  });
}
