import type { Grant } from "@countersign/proof/grant";
import {
  type Coverage,
  coveredByGrants,
  coveredToday,
  type LivingChain,
  leafOf,
  seenTask,
} from "../delegation/index.ts";
import type { Caller, Strength } from "../lib/index.ts";
import type { Question } from "../policy/index.ts";
import type { Agent } from "../registry/index.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { openArguments, pinnedArguments } from "./pinned.ts";
import type { Resource } from "./resource.ts";

/** By whose authority, and at what. */
export interface Circumstances {
  /** Who asks for the decision: the agent for a token, the service that is called for a call. */
  readonly caller: Caller;
  /** The running copy that acts, and how well it has proven so. */
  readonly instance: { readonly id: string; readonly strength: Strength };
  /** Its agent. */
  readonly agent: Agent;
  readonly chain?: LivingChain;
  readonly resource: Resource;
}

/** A question about a call of a tool. */
export type CallQuestion = Question & { readonly action: "call" };

/** The question that policy is asked about one grant. */
export async function questionOf(deps: OauthDeps, on: Circumstances, grant: Grant): Promise<CallQuestion> {
  return {
    action: "call",
    tool: grant.identifier,
    agent: on.agent,
    instance: on.instance.id,
    strength: on.instance.strength,
    ...(on.chain === undefined ? {} : delegatedBy(on.chain)),
    authority: await authorityFor(deps, on, grant),
    resource: on.resource,
    args: pinnedArguments(grant),
    openArgs: openArguments(grant),
    holder: on.chain === undefined ? on.instance.id : leafOf(on.chain).edge,
    now: deps.clock.now(),
  };
}

function delegatedBy(chain: LivingChain): Pick<Question, "person" | "task" | "chain"> {
  return {
    ...(chain.principal === undefined ? {} : { person: chain.principal }),
    task: seenTask(chain.task),
    chain: { depth: chain.links.length, agents: chain.agents.map(({ name }) => name), hash: chain.hash },
  };
}

/** What a chain covers today, at every hop; on its own authority an agent has its ceiling. */
const authorityFor = async (
  deps: OauthDeps,
  { agent, chain }: Circumstances,
  grant: Grant,
): Promise<Coverage> =>
  chain === undefined ? coveredByGrants(agent.grants, [grant]) : coveredToday(deps, chain, [grant]);
