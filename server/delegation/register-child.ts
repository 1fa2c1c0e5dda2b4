import { type Call, describeGrant, type Grant, permits } from "@countersign/proof/grant";
import { addJoinToken, type IssuedJoinToken } from "../attestation/index.ts";
import { append } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type AgentName, type Allow, type Caller, Fault } from "../lib/index.ts";
import {
  type Agent,
  type AgentClass,
  addAgent,
  type Environment,
  grantsOfPerson,
  livingChildren,
  requireActiveAgent,
} from "../registry/index.ts";
import { openKeys, requireAlive } from "../revocation/index.ts";
import { type Coverage, coveredByGrants, expiryOf, leafOf } from "./chain.ts";
import { chainOf, type LivingChain, requireChain } from "./chain-of.ts";
import { countCall } from "./counts.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { agentRegisteredByAgent } from "./events.ts";
import { holderOf } from "./extend.ts";
import { joinTask } from "./join-task.ts";
import { coveredToday } from "./passed-on.ts";
import { restsOfGiver } from "./rests.ts";
import { headsAt, moveHead } from "./store-heads.ts";
import { aboutTask } from "./task.ts";
import { requireCarried, tokenKeysOf } from "./token-keys.ts";

/** What an agent says of one that it wants to register. */
export interface ChildSaid {
  /** The delegation that the caller's agent holds, with the right to register. */
  readonly edge: string;
  /** Begins with its parent's name and a hyphen. */
  readonly name: AgentName;
  readonly class: AgentClass;
  readonly environment: Environment;
  readonly purpose: string;
  /** Its ceiling. */
  readonly grants: readonly Grant[];
  /** How long it shall last, in milliseconds; never longer than what it is registered under. */
  readonly expiresIn?: number | undefined;
  readonly maxInstances?: number | undefined;
}

/** A child, read and checked but not decided. */
export interface Child {
  readonly said: ChildSaid;
  readonly chain: LivingChain;
  readonly parent: Agent;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  /** Whether the right to register it is there at every link, and its ceiling within everybody's. */
  readonly authority: Coverage;
}

/**
 * Reads what an agent wants to register, and refuses what no policy could allow: a name that is not its own, a
 * time longer than its own, more running copies than it may have.
 * @throws Fault `not-found`, `gone`, `denied`, `invalid`, `forbidden` for whoever does not hold the edge
 */
export async function readChild(deps: DelegationDeps, caller: Caller, said: ChildSaid): Promise<Child> {
  const chain = await chainOf(deps, said.edge);
  const parent = holderOf(chain, caller);
  requireOwnName(parent, said.name);
  requireFewCopies(parent, said);
  const expires = expiryFor(deps.clock.now(), chain, parent, said.expiresIn);
  return { said, chain, parent, expires, authority: await authorityFor(deps, chain, parent, said) };
}

/**
 * Registers an agent for an agent, as part of the caller's change: the same one in which it was decided. Its owner
 * is the person at the chain's root, its ceiling lies within the chain's and its parent's, a person must say yes
 * to what she must say yes to with its parent, and it ends with all that it was registered under.
 * @param allow the decision; without one this verb cannot be reached
 * @returns the agent, and a join token with which its first process enrols
 * @throws Fault `denied` when it is not covered after all, or one child too many; `exists` for a name that is taken
 */
export async function registerChild(
  deps: DelegationDeps,
  change: Change,
  caller: Caller,
  allow: Allow<"register">,
  child: Child,
): Promise<{ agent: Agent; joinToken: IssuedJoinToken }> {
  const { chain, parent, said } = child;
  requireCovered(deps, child, allow);
  await requireRoomFor(deps, change, chain, parent);
  await countCall(deps, change, chain, callOf(deps, said));
  if (caller.instance !== undefined) await joinTask(deps, change, chain, caller.instance);
  requireChain(change, chain);
  for (const agent of chain.agents) requireActiveAgent(deps, change, agent);
  requireAlive(change, await openKeys(deps, [`class:${said.class}`]));
  const under = await underOf(deps, caller, allow, chain);
  requireAlive(change, under);
  const agent = await addAgent(deps, change, caller, recordOf(child), { parent: parent.name, under });
  const joinToken = addJoinToken(deps, change, caller, agent);
  append(change, agentRegisteredByAgent(deps, caller, aboutOf(child), bodyOf(child, allow)));
  return { agent, joinToken };
}

/** The right to register just this, as a call, so that it is read by the same rules. */
const callOf = ({ issuer }: DelegationDeps, { class: kind, environment, grants }: ChildSaid): Call => ({
  type: "register",
  location: issuer,
  action: "register",
  identifier: "agents",
  args: { class: kind, environment, grants: [...new Set(grants.map(({ identifier }) => identifier))] },
});

async function authorityFor(
  deps: DelegationDeps,
  chain: LivingChain,
  parent: Agent,
  said: ChildSaid,
): Promise<Coverage> {
  const call = callOf(deps, said);
  const passed = chain.agents.slice(0, -1).map(({ delegation }) => delegation.grants);
  const hers = chain.principal === undefined ? [] : [await grantsOfPerson(deps, chain.principal)];
  const today = [...hers, ...chain.agents.map(({ grants }) => grants)];
  const held = [...chain.links.map(({ grants }) => grants), ...today, ...passed];
  const right = held.every((grants) => fitting(grants, call).length > 0) ? [] : ["the right to register it"];
  const ceiling = await coveredToday(deps, chain, said.grants);
  const own = coveredByGrants(parent.delegation.grants, said.grants);
  const missing = [...right, ...ceiling.missing, ...own.missing];
  return { covered: missing.length === 0, missing: [...new Set(missing)] };
}

/** How somebody has signed in is known to nobody here, so a grant that demands it by `acr` gives nothing. */
const fitting = (grants: readonly Grant[], call: Call): Grant[] =>
  grants.filter((grant) => grant.acr === undefined && permits(grant as Grant, call));

function requireCovered(
  deps: DelegationDeps,
  { authority, chain, said }: Child,
  allow: Allow<"register">,
): void {
  const about = aboutTask(chain.task);
  if (!authority.covered) {
    throw new Fault("denied", "The chain of authority does not cover this.", {
      remedy: "Register an agent that has less.",
      members: { uncovered: authority.missing },
      record: { about, name: said.name },
    });
  }
  const call = callOf(deps, said);
  const asks = chain.links.some(({ grants }) => fitting(grants, call).every(({ approval }) => approval));
  if (!asks || allow.approval !== undefined) return;
  throw new Fault(
    "denied",
    "A person must approve each such registration, and no policy asks a person for it.",
    {
      remedy: "An administrator can add a policy that requires the approval of this.",
      record: { about, name: said.name },
    },
  );
}

function requireOwnName(parent: Agent, attackerName: string): void {
  if (attackerName.startsWith(`${parent.name}-`)) return;
  throw new Fault("invalid", `What ${parent.name} registers has a name that begins with ${parent.name}-.`, {
    remedy: "Choose such a name.",
  });
}

function requireFewCopies({ name, delegation }: Agent, { maxInstances = 1 }: ChildSaid): void {
  const most = delegation.max_instances;
  if (most === undefined || maxInstances <= most) return;
  throw new Fault("denied", `${name} may have ${most} running copies, and no agent that it registers more.`, {
    remedy: "Ask for fewer.",
  });
}

function expiryFor(now: number, chain: LivingChain, parent: Agent, expiresIn: number | undefined): number {
  const latest = Math.min(expiryOf(chain), parent.expires ?? Number.POSITIVE_INFINITY);
  const wanted = expiresIn === undefined ? latest : now + expiresIn;
  if (wanted <= latest) return wanted;
  throw new Fault("denied", "An agent cannot outlast what it is registered under.", {
    remedy: "Ask for a shorter time.",
    record: { about: aboutTask(chain.task) },
  });
}

/** Of those that register at once, each but one finds the head moved, and counts again. */
async function requireRoomFor(
  deps: DelegationDeps,
  change: Change,
  chain: LivingChain,
  { name, delegation }: Agent,
): Promise<void> {
  const most = delegation.max_children ?? 0;
  const [head] = await headsAt(deps.database, [`children:${name}`]);
  const living = await livingChildren(deps, change, name);
  if (head !== undefined) moveHead(change, head);
  if (living.length < most) return;
  throw new Fault("denied", `${name} may have ${most} registered agents at a time, and has them.`, {
    remedy: "End one of them, or have an administrator allow more.",
    record: { about: aboutTask(chain.task), living: living.length, most },
  });
}

/** All that ends it: the chain, everybody in it as of now, the copy and the decision that let it be. */
async function underOf(
  deps: DelegationDeps,
  caller: Caller,
  allow: Allow<"register">,
  chain: LivingChain,
): Promise<string[]> {
  const rests = await restsOfGiver(deps, caller, allow);
  const under = [...new Set([...tokenKeysOf(chain, chain.agents), ...rests])];
  requireCarried(chain, under);
  return under;
}

/** Whatever needs a person with anybody in the chain needs one with the child: its own tokens go around none. */
function recordOf({ said, chain, parent, expires }: Child) {
  const needs = chain.agents.flatMap(({ delegation }) => delegation.needs_person);
  return {
    name: said.name,
    class: said.class,
    purpose: said.purpose,
    environment: said.environment,
    owner: chain.person,
    grants: said.grants as Grant[],
    expires,
    ...(parent.team === undefined ? {} : { team: parent.team }),
    ...(parent.region === undefined ? {} : { region: parent.region }),
    delegation: {
      max_depth: parent.delegation.max_depth,
      needs_person: [...new Set(needs)],
      max_instances: said.maxInstances ?? 1,
    },
  };
}

const aboutOf = ({ chain, parent }: Child) => ({ ...aboutTask(chain.task), agent: parent.name });

const bodyOf = ({ said, chain, parent }: Child, allow: Allow<"register">) => ({
  agent: said.name,
  parent: parent.name,
  edge: leafOf(chain).edge,
  chain_hash: chain.hash,
  grants: said.grants.map((grant) => describeGrant(grant)),
  decision: allow.decision,
  policies: [...allow.policies],
  policy_version: allow.policyVersion,
  receipts: [...allow.receipts],
  ...(allow.approval === undefined ? {} : { approval: allow.approval }),
});
