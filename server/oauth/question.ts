import type { Grant } from "@countersign/proof/grant";
import {
  type Coverage,
  coveredBy,
  coveredByGrants,
  type LivingChain,
  leafOf,
  seenTask,
} from "../delegation/index.ts";
import type { Caller, Strength } from "../lib/index.ts";
import type { Question } from "../policy/index.ts";
import { type Agent, grantsOfPerson } from "../registry/index.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { missingToPassOn } from "./passed-on.ts";
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
    person: chain.principal,
    task: seenTask(chain.task),
    chain: { depth: chain.links.length, agents: chain.agents.map(({ name }) => name), hash: chain.hash },
  };
}

/**
 * Every link must cover the grant, and so must what everybody concerned may have TODAY: the ceiling of each
 * agent, what the person has to give, and what each agent may pass on to the next. On its own authority an agent has its ceiling.
 */
async function authorityFor(
  deps: OauthDeps,
  { agent, chain }: Circumstances,
  grant: Grant,
): Promise<Coverage> {
  if (chain === undefined) return coveredByGrants(agent.grants, [grant]);
  const parts = [
    coveredBy(chain, [grant]),
    coveredByGrants(await grantsOfPerson(deps, chain.principal), [grant]),
    ...chain.agents.map(({ grants }) => coveredByGrants(grants, [grant])),
  ];
  const missing = [...parts.flatMap((part) => part.missing), ...missingToPassOn(chain, grant)];
  return { covered: missing.length === 0, missing: [...new Set(missing)] };
}
