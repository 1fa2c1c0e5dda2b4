import { Change, Conflict, type DatabaseDeps } from "../database/index.ts";
import type { Agent } from "./agent.ts";
import { ACTIVITY_GRAIN, setLastActive } from "./store-workloads.ts";

/** Notes that the agent was active, to the minute. Housekeeping: no event, and no harm when it is lost. */
export async function touchAgent(
  deps: DatabaseDeps,
  { name, lastActive }: Pick<Agent, "name" | "lastActive">,
): Promise<void> {
  const now = deps.clock.now();
  if (lastActive !== undefined && lastActive > now - ACTIVITY_GRAIN) return;
  const change = new Change(deps.database);
  setLastActive(change, name, now);
  await deps.database.commit(change).catch((error) => {
    if (!(error instanceof Conflict)) throw error;
  });
}
