import { append } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import type { Caller, PersonId } from "../lib/index.ts";
import { agentOrphaned } from "./events.ts";
import { ORPHAN_GRACE, type RegistryDeps } from "./registry-deps.ts";
import { insertChanges, watchesOf } from "./store-changes.ts";
import { ownedAgents, setOrphaned } from "./store-lifecycle.ts";

/**
 * Marks all agents of a person who leaves as orphans, in the change by which she does. Their running copies go on
 * until the grace is over; no new one starts while nobody answers for them.
 */
export async function orphanAgents(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  owner: PersonId,
): Promise<void> {
  const agents = await ownedAgents(deps.database, owner);
  const since = deps.clock.now();
  const graceEnds = since + (deps.lifecycle?.orphanGrace ?? ORPHAN_GRACE);
  setOrphaned(change, owner, { since, graceEnds, count: agents.length });
  insertChanges(change, watchesOf(agents), since);
  for (const { name } of agents)
    append(change, agentOrphaned(deps, caller, { agent: name, person: owner }, { grace_ends: graceEnds }));
}
