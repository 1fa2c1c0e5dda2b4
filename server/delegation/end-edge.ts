import { append, perform } from "../audit/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import { revoke } from "../revocation/index.ts";
import type { Delegation } from "./delegation.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { delegationEnded } from "./events.ts";
import { findTask } from "./store.ts";
import { delegationsById, endDelegationRow, findDelegation } from "./store-delegations.ts";
import { aboutTask, mayEnd, requireTask, type Task } from "./task.ts";

/**
 * Ends a delegation, and with it all that hang on it: each token below carries the edge's dead key. Whoever
 * stands above it in the chain may, whoever holds it (giving it up), and whoever may end the task.
 * @throws Fault `not-found`, also for whoever has no part in it; `gone` when it has ended already
 */
export function endDelegation(deps: DelegationDeps, caller: Caller, input: { edge: string }): Promise<void> {
  return perform(deps, caller, "delegation.end", async (change) => {
    const edge = await findDelegation(deps.database, input.edge);
    if (edge === undefined) throw noEdge();
    const task = requireTask(await findTask(deps.database, edge.task));
    const chain = await delegationsById(deps.database, edge.path);
    if (!mayEnd(task, caller) && !isInChain(chain, caller)) throw noEdge(task);
    if (edge.endedAt !== undefined) throw new Fault("gone", "This delegation has been ended already.");
    endDelegationRow(change, edge.id, deps.clock.now());
    revoke(deps, change, caller, [`edge:${edge.id}`], "delegation ended");
    const { id, from, to } = edge;
    append(change, delegationEnded(deps, caller, { ...aboutTask(task), agent: to }, { edge: id, from, to }));
  });
}

const isInChain = (chain: readonly Delegation[], caller: Caller): boolean =>
  caller.kind === "agent" && chain.some((edge) => edge.to === caller.principal);

const noEdge = (task?: Task): Fault =>
  new Fault("not-found", "There is no such delegation.", {
    remedy: "Check its id.",
    ...(task === undefined ? {} : { record: { about: aboutTask(task) } }),
  });
