import type { Grant } from "@countersign/proof/grant";
import { coveredByGrants, type LivingChain, leafOf, MOST_DEPTH } from "../delegation/index.ts";
import type { Agent } from "../registry/index.ts";

/**
 * What is missing, described for people, for the agents of a chain to pass a grant on to one another TODAY:
 * whoever loses the right to delegate must not go on delegating by what was made before. The rules are those
 * by which the chain was extended.
 */
export function missingToPassOn(chain: LivingChain, grant: Grant): string[] {
  const steps = chain.agents.slice(1).flatMap((to, index) => {
    const from = chain.agents[index];
    return from === undefined ? [] : missingInStep(from, to, grant);
  });
  return [...steps, ...tooDeep(chain)];
}

function missingInStep({ name, delegation }: Agent, to: Agent, grant: Grant): string[] {
  const target = delegation.delegate_to.includes(to.name) ? [] : [`${name} may not delegate to ${to.name}`];
  return [...target, ...coveredByGrants(delegation.grants, [grant]).missing];
}

/** The shortest limit of everyone concerned. A person's own delegation is not passed on. */
function tooDeep(chain: LivingChain): string[] {
  if (chain.links.length === 1) return [];
  const limits = chain.agents.map(({ delegation }) => delegation.max_depth);
  const most = Math.min(MOST_DEPTH, chain.task.maxDepth, ...limits);
  return leafOf(chain).depth <= most ? [] : [`this chain may have at most ${most} links`];
}
