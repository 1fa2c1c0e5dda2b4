import type { Grant } from "@countersign/proof/grant";
import type { Json } from "@countersign/proof/jcs";
import { append, conceal } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type AgentName, type Allow, type Caller, Fault, newId } from "../lib/index.ts";
import { type Agent, aliveAgent, isAccessKey, requireActiveAgent } from "../registry/index.ts";
import { requireAlive } from "../revocation/index.ts";
import {
  type Coverage,
  chainHash,
  coveredByGrants,
  expiryOf,
  leafOf,
  mostLinks,
  uncoveredIdentifiers,
} from "./chain.ts";
import { chainOf, type LivingChain, requireChain } from "./chain-of.ts";
import type { Delegation } from "./delegation.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { delegationExtended } from "./events.ts";
import { joinTask } from "./join-task.ts";
import { coveredToday, mayDelegateTo } from "./passed-on.ts";
import { restsOfGiver, restsOfHolder } from "./rests.ts";
import { standOutside } from "./stand-outside.ts";
import { insertDelegation } from "./store-delegations.ts";
import { aboutTask, isAutonomous } from "./task.ts";
import { requireCarried, tokenKeysOf } from "./token-keys.ts";

export interface ExtensionRequest {
  /** The edge that the caller's agent holds. */
  readonly edge: string;
  readonly to: AgentName;
  readonly grants: readonly Grant[];
  /** How long it shall last, in milliseconds; never longer than what it hangs on. */
  readonly expiresIn?: number | undefined;
  readonly purpose: string;
  /** Dead keys by which it ends besides: of the warrant that it was passed on by. */
  readonly rests?: readonly string[] | undefined;
  /** How many delegations may hang below it, where whoever passes it on allows fewer than the chain does. */
  readonly linksBelow?: number | undefined;
}

/** What an agent wants to pass on, read and checked but not decided. */
export interface Extension {
  /** The chain that it would hang on. */
  readonly chain: LivingChain;
  readonly delegator: Agent;
  readonly target: Agent;
  readonly grants: readonly Grant[];
  readonly purpose: string;
  readonly rests: readonly string[];
  readonly depth: number;
  readonly maxDepth?: number;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  /**
   * Whether every link, the most that the delegator may pass on and the target's ceiling cover the grants.
   * For policy to speak about: `extend` refuses what is not covered.
   */
  readonly authority: Coverage;
}

/**
 * Reads what an agent wants to pass on, and refuses what no policy could allow: a dead chain, one too long,
 * an agent twice in it, a target that the delegator may not delegate to, a time longer than its own.
 * @throws Fault `not-found`, `gone`, `denied`, `forbidden` for whoever does not hold the edge
 */
export async function readExtension(
  deps: DelegationDeps,
  caller: Caller,
  request: ExtensionRequest,
): Promise<Extension> {
  const chain = await chainOf(deps, request.edge);
  const delegator = holderOf(chain, caller);
  const target = await aliveAgent(deps, request.to);
  requireAllowedTarget(chain, delegator, target);
  const depth = requireDepth(chain, target);
  return {
    chain,
    delegator,
    target,
    depth,
    ...(request.linksBelow === undefined ? {} : { maxDepth: depth + request.linksBelow }),
    grants: request.grants,
    purpose: request.purpose,
    rests: request.rests ?? [],
    expires: expiryFor(deps.clock.now(), chain, request.expiresIn),
    authority: await authorityFor(deps, chain, delegator, target, request.grants),
  };
}

/**
 * Passes part of an agent's authority on to another agent, as part of the caller's change: the same one in
 * which the decision was made.
 * @param allow the decision; without one this verb cannot be reached
 * @throws Fault `denied` when the grants are not covered after all, or the running copy works on another
 *   task, or it would rest on more than a token can carry
 */
export async function extend(
  deps: DelegationDeps,
  change: Change,
  caller: Caller,
  allow: Allow<"delegate">,
  extension: Extension,
): Promise<Delegation> {
  const { chain, target } = extension;
  requireCovered(extension);
  if (caller.instance !== undefined) await joinTask(deps, change, chain, caller.instance);
  requireChain(change, chain);
  const [root] = chain.agents;
  if (isAutonomous(chain.task) && root !== undefined)
    await standOutside(deps, change, root, extension.grants);
  for (const agent of [...chain.agents, target]) requireActiveAgent(deps, change, agent);
  const [holder, giver] = [await restsOfHolder(deps, target), await restsOfGiver(deps, caller, allow)];
  const edge = { ...edgeOf(deps, extension), rests: [...new Set([...extension.rests, ...holder, ...giver])] };
  requireAlive(change, edge.rests);
  const besides = [`edge:${edge.id}`, ...edge.rests.filter((key) => !isAccessKey(key))];
  const agents = [...chain.agents, target];
  requireCarried(chain, [
    ...tokenKeysOf(chain, agents),
    ...agents.map(({ name }) => `agent:${name}`),
    ...besides,
  ]);
  insertDelegation(change, edge);
  append(
    change,
    delegationExtended(deps, caller, aboutOf(extension), bodyOf(deps, change, allow, extension, edge)),
  );
  return edge;
}

/** The authority of a chain, today and at every hop, over grants that one agent would pass to another. */
async function authorityFor(
  deps: DelegationDeps,
  chain: LivingChain,
  delegator: Agent,
  target: Agent,
  grants: readonly Grant[],
): Promise<Coverage> {
  const missing = [
    await coveredToday(deps, chain, grants),
    coveredByGrants(delegator.delegation.grants, grants),
    coveredByGrants(target.grants, grants),
  ].flatMap((coverage) => coverage.missing);
  return { covered: missing.length === 0, missing: [...new Set(missing)] };
}

/**
 * The agent at the end of a chain, if it is the one that calls.
 * @throws Fault `forbidden`
 */
export function holderOf(chain: LivingChain, caller: Caller): Agent {
  const holder = chain.agents.at(-1);
  if (holder !== undefined && caller.kind === "agent" && caller.principal === holder.name) return holder;
  throw new Fault("forbidden", "Only the agent that holds a delegation can pass it on.", {
    remedy: "Use a delegation of your own.",
    record: { about: aboutTask(chain.task) },
  });
}

function requireAllowedTarget(chain: LivingChain, delegator: Agent, target: Agent): void {
  const record = { about: { ...aboutTask(chain.task), agent: delegator.name }, to: target.name };
  if (!mayDelegateTo(delegator, target)) {
    throw new Fault("denied", `${delegator.name} may not delegate to ${target.name}.`, {
      remedy: "Its owner can name the agents that it may delegate to.",
      record,
    });
  }
  if (chain.agents.every((agent) => agent.name !== target.name)) return;
  throw new Fault("denied", `${target.name} is in this chain already.`, {
    remedy: "Delegate to another agent.",
    record,
  });
}

/** The shortest limit of everyone concerned holds: the task's, each link's and agent's, the one of all chains. */
function requireDepth(chain: LivingChain, target: Agent): number {
  const depth = leafOf(chain).depth + 1;
  const most = mostLinks(chain, [...chain.agents, target]);
  if (depth <= most) return depth;
  throw new Fault("denied", `This chain may have at most ${most} links.`, {
    remedy: "Do the work with the agents that hold it already.",
    record: { about: aboutTask(chain.task), depth, most },
  });
}

function expiryFor(now: number, chain: LivingChain, expiresIn: number | undefined): number {
  const latest = expiryOf(chain);
  const wanted = expiresIn === undefined ? latest : now + expiresIn;
  if (wanted <= latest) return wanted;
  throw new Fault("denied", "A delegation cannot outlast the one that it hangs on.", {
    remedy: "Ask for a shorter time.",
    record: { about: aboutTask(chain.task) },
  });
}

function requireCovered({ authority, chain, grants }: Extension): void {
  if (authority.covered) return;
  throw new Fault("denied", "The chain of authority does not cover this.", {
    remedy: "Pass on less.",
    members: { uncovered: authority.missing },
    record: { about: aboutTask(chain.task), uncovered: uncoveredIdentifiers(grants, authority) },
  });
}

function edgeOf(
  deps: DelegationDeps,
  { chain, delegator, target, grants, depth, maxDepth, expires }: Extension,
): Delegation {
  const parent = leafOf(chain).edge;
  const id = newId(deps, "edge");
  return {
    id,
    task: chain.task.id,
    parent,
    path: [...chain.links.map((link) => link.edge), id],
    from: delegator.name,
    to: target.name,
    grants,
    depth,
    ...(maxDepth === undefined ? {} : { maxDepth }),
    expires,
    madeAt: deps.clock.now(),
  };
}

const aboutOf = ({ chain, delegator }: Extension) => ({ ...aboutTask(chain.task), agent: delegator.name });

function bodyOf(
  deps: DelegationDeps,
  change: Change,
  allow: Allow<"delegate">,
  { chain, purpose }: Extension,
  edge: Delegation,
) {
  const { id, from, to, grants, depth, maxDepth, expires } = edge;
  return {
    edge: id,
    parent: leafOf(chain).edge,
    from,
    to,
    grants: grants as unknown as Record<string, Json>[],
    depth,
    ...(maxDepth === undefined ? {} : { max_depth: maxDepth }),
    expires,
    purpose: conceal(deps, change, chain.person, purpose),
    chain_hash: chainHash([...chain.links, { edge: id, from, to, grants, depth, expires }]),
    decision: allow.decision,
    policies: [...allow.policies],
    policy_version: allow.policyVersion,
    receipts: [...allow.receipts],
    ...(allow.approval === undefined ? {} : { approval: allow.approval }),
  };
}
