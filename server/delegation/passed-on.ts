import type { Grant } from "@countersign/proof/grant";
import { type Agent, grantsOfPerson } from "../registry/index.ts";
import { type Coverage, coveredBy, coveredByGrants, leafOf, mostLinks } from "./chain.ts";
import type { LivingChain } from "./chain-of.ts";
import type { DelegationDeps } from "./delegation-deps.ts";

/**
 * Whether a chain covers grants TODAY: every link does, and so does what everybody concerned may have now, at
 * every hop: what the person has to give, the ceiling of each agent, what each may pass on and to whom, and how
 * deep. Whoever loses a right must not go on by what was made before.
 */
export async function coveredToday(
  deps: DelegationDeps,
  chain: LivingChain,
  grants: readonly Grant[],
): Promise<Coverage> {
  const hers = chain.principal === undefined ? grants : await grantsOfPerson(deps, chain.principal);
  const missing = [
    coveredBy(chain, grants),
    coveredByGrants(hers, grants),
    ...chain.agents.map((agent) => coveredByGrants(agent.grants, grants)),
  ].flatMap((part) => part.missing);
  const all = [...missing, ...missingToPassOn(chain, grants)];
  return { covered: all.length === 0, missing: [...new Set(all)] };
}

/**
 * Whether an agent may delegate to another: its record names it, or it registered it itself. A name that an agent
 * gave one of its own is trusted only where the record names that agent as well: it may have chosen just this one.
 */
export function mayDelegateTo(
  { name, delegation: { delegate_to } }: Pick<Agent, "name" | "delegation">,
  to: Pick<Agent, "name" | "parent">,
): boolean {
  if (to.parent === name) return true;
  return delegate_to.includes(to.name) && (to.parent === undefined || delegate_to.includes(to.parent));
}

/** What is missing, described for people, for the agents of a chain to pass grants on to one another today. */
function missingToPassOn(chain: LivingChain, grants: readonly Grant[]): string[] {
  const steps = chain.agents.slice(1).flatMap((to, index) => {
    const from = chain.agents[index];
    return from === undefined ? [] : missingInStep(from, to, grants);
  });
  return [...steps, ...tooDeep(chain)];
}

function missingInStep(from: Agent, to: Agent, grants: readonly Grant[]): string[] {
  const target = mayDelegateTo(from, to) ? [] : [`${from.name} may not delegate to ${to.name}`];
  return [...target, ...coveredByGrants(from.delegation.grants, grants).missing];
}

/** The shortest limit of everyone concerned. A person's own delegation is not passed on. */
function tooDeep(chain: LivingChain): string[] {
  if (chain.links.length === 1) return [];
  const most = mostLinks(chain, chain.agents);
  return leafOf(chain).depth <= most ? [] : [`this chain may have at most ${most} links`];
}
