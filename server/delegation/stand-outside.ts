import type { Grant } from "@countersign/proof/grant";
import type { Change } from "../database/index.ts";
import { Fault } from "../lib/index.ts";
import type { Agent } from "../registry/index.ts";
import { coveredByGrants } from "./chain.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { heldFromOthers } from "./held.ts";
import { holdHead } from "./store-heads.ts";

/**
 * Standing authority is out of reach where the agent works for somebody: it would step around that task's limits.
 * At the commit it still works for nobody there.
 * @throws Fault `denied`
 */
export async function standOutside(
  deps: DelegationDeps,
  change: Change,
  agent: Agent,
  grants: readonly Grant[],
): Promise<void> {
  for (const location of new Set(grants.flatMap(({ locations }) => locations))) {
    const { holds, head } = await heldFromOthers(deps, agent.name, location);
    if (holds) throw worksForSomebody(agent, location);
    holdHead(change, head);
  }
}

const worksForSomebody = (agent: Agent, resource: string): Fault =>
  new Fault("denied", "Within a delegated task there is no standing authority for the same resource.", {
    remedy: "Use the task's delegation, or wait until the task has ended.",
    record: { about: { agent: agent.name }, resource },
  });

/**
 * Whether a grant fits only into a part of the agent's ceiling that is for so many uses: whatever rests on standing
 * authority counts from zero each time, and would make any number of them.
 */
export function fitsCountedOnly({ grants: ceiling }: Agent, grants: readonly Grant[]): boolean {
  const uncounted = ceiling.filter((grant) => grant.max_uses === undefined);
  return grants.some(
    (grant) => coveredByGrants(ceiling, [grant]).covered && !coveredByGrants(uncounted, [grant]).covered,
  );
}
