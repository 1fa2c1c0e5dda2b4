import { append, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
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
    await endWithin(deps, change, caller, input);
  });
}

/** What was ended: the topmost edge, and those between it and the one that was named, which is last. */
export interface EndedEdges {
  readonly task: Task;
  readonly top: Delegation;
  readonly path: readonly Delegation[];
}

/**
 * As `endDelegation`, within a change that does more besides; with `upTo`, the edge of that id above it is ended
 * instead, or the person's own for `root`, and with it everything in between and beside.
 * @throws Fault as `endDelegation`; `invalid` when `upTo` is no edge above it
 */
export async function endWithin(
  deps: DelegationDeps,
  change: Change,
  caller: Caller,
  { edge: attackerEdge, upTo: attackerUpTo }: { readonly edge: string; readonly upTo?: string | undefined },
): Promise<EndedEdges> {
  const edge = await findDelegation(deps.database, attackerEdge);
  if (edge === undefined) throw noEdge();
  const task = requireTask(await findTask(deps.database, edge.task));
  const chain = await delegationsById(deps.database, edge.path);
  if (!mayEnd(task, caller) && !isInChain(chain, caller)) throw noEdge(task);
  const path = pathFrom(chain, edge, attackerUpTo);
  const [top = edge] = path;
  if (!mayEnd(task, caller) && !isInChain(chain.slice(0, chain.indexOf(top) + 1), caller)) throw noEdge(task);
  if (top.endedAt !== undefined) throw new Fault("gone", "This delegation has been ended already.");
  endDelegationRow(change, top.id, deps.clock.now());
  revoke(deps, change, caller, [`edge:${top.id}`], "delegation ended");
  const { id, from, to } = top;
  const asked = top.id === edge.id ? {} : { asked: edge.id };
  const about = { ...aboutTask(task), agent: to };
  append(change, delegationEnded(deps, caller, about, { edge: id, from, to, ...asked }));
  return { task, top, path };
}

/** From the edge that is to end, down to the one that was named. */
function pathFrom(
  chain: readonly Delegation[],
  edge: Delegation,
  attackerUpTo: string | undefined,
): readonly Delegation[] {
  const top = attackerUpTo === "root" ? chain[0]?.id : (attackerUpTo ?? edge.id);
  const from = chain.findIndex(({ id }) => id === top);
  if (from >= 0) return chain.slice(from);
  throw new Fault("invalid", "It does not hang on the delegation up to which it shall end.", {
    remedy: "Name a delegation above it, or root.",
  });
}

const isInChain = (chain: readonly Delegation[], caller: Caller): boolean =>
  caller.kind === "agent" && chain.some((edge) => edge.to === caller.principal);

const noEdge = (task?: Task): Fault =>
  new Fault("not-found", "There is no such delegation.", {
    remedy: "Check its id.",
    ...(task === undefined ? {} : { record: { about: aboutTask(task) } }),
  });
