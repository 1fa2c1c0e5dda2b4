import type { Change } from "../database/index.ts";
import { Fault } from "../lib/index.ts";
import { type Agent, aliveAgent, alivePerson, type Person, requireActivePerson } from "../registry/index.ts";
import { deadAmong, requireAlive } from "../revocation/index.ts";
import { agentsOf, buildChain, type Chain, deadKeysOfChain, leafOf } from "./chain.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { findTask, requireTaskActive } from "./store.ts";
import { delegationsById, findDelegation, requireEdgeAlive } from "./store-delegations.ts";
import { aboutTask, isAutonomous, requireTask } from "./task.ts";

/** A chain with the registry's records of everyone in it, all of them active. */
export interface LivingChain extends Chain {
  /** Whose consent is at its root; nobody's where the task rests on an agent's standing authority. */
  readonly principal?: Person;
  /** In the order of the links. */
  readonly agents: readonly Agent[];
}

/**
 * Loads the chain that ends in an edge, from our own records, and lets only a living one pass.
 * @param attackerEdge id of the last edge, as somebody claims it
 * @throws Fault `not-found` for an unknown edge, `gone` when a part of it has ended, been revoked or expired,
 *   `denied` when somebody in it is suspended
 */
export async function chainOf(deps: DelegationDeps, attackerEdge: string): Promise<LivingChain> {
  const leaf = await findDelegation(deps.database, attackerEdge);
  if (leaf === undefined) throw unknownEdge();
  const [task, edges] = await Promise.all([
    findTask(deps.database, leaf.task),
    delegationsById(deps.database, leaf.path),
  ]);
  const chain = buildChain(requireTask(task), edges, deps.clock.now());
  if (leafOf(chain).edge !== leaf.id) throw unknownEdge();
  // First who is suspended: that ends what they gave as well, and says more.
  const living = await withPrincipals(deps, chain);
  await refuseDead(deps, chain);
  return living;
}

/** A chain that begins with a person, whose consent is at its root. */
export type PersonalChain = LivingChain & Required<Pick<LivingChain, "principal" | "consent">>;

/**
 * Lets only a chain pass that begins with a person: others are told on whose word they act.
 * @throws Fault `denied`
 */
export function requirePersonal(chain: LivingChain): PersonalChain {
  const { principal, consent } = chain;
  if (principal !== undefined && consent !== undefined) return { ...chain, principal, consent };
  throw new Fault("denied", "No person asked for this task: it rests on its agent's standing authority.", {
    remedy: "Use an access token, or have a person open a task.",
    record: { about: aboutTask(chain.task) },
  });
}

/**
 * For whom whatever is done by a chain is done, as tokens say it: its person; where nobody asked, the agent at
 * its root.
 */
export const subjectOf = (
  { trustDomain }: Pick<DelegationDeps, "trustDomain">,
  { task, person }: Pick<Chain, "task" | "person">,
): string => (isAutonomous(task) ? `spiffe://${trustDomain}/agent/${task.agent}` : person);

/** Guards a change: at its commit the chain must still be in force. */
export function requireChain(change: Change, chain: Chain & Pick<LivingChain, "principal">): void {
  if (chain.principal !== undefined) requireActivePerson(change, chain.principal);
  requireTaskActive(change, chain.task.id);
  for (const link of chain.links) requireEdgeAlive(change, link.edge);
  requireAlive(change, deadKeysOfChain(chain));
}

async function withPrincipals(deps: DelegationDeps, chain: Chain): Promise<LivingChain> {
  const [principal, agents] = await Promise.all([
    isAutonomous(chain.task) ? undefined : alivePerson(deps, chain.person),
    Promise.all(agentsOf(chain).map((name) => aliveAgent(deps, name))),
  ]);
  return { ...chain, ...(principal === undefined ? {} : { principal }), agents };
}

async function refuseDead(deps: DelegationDeps, chain: Chain): Promise<void> {
  const dead = await deadAmong(deps, deadKeysOfChain(chain));
  if (dead.length === 0) return;
  throw new Fault("gone", "A delegation in this chain, or its task, has been revoked.", {
    remedy: "Ask whoever delegated to you for a new one.",
    record: { about: aboutTask(chain.task), dead },
  });
}

const unknownEdge = (): Fault =>
  new Fault("not-found", "There is no such delegation.", {
    remedy: "Ask whoever delegated to you for its id.",
  });
