import type { Allow, Caller } from "../lib/index.ts";
import { type Agent, accessKeyOf, blockedKindsOf, findInstance, type Person } from "../registry/index.ts";
import { openKeys } from "../revocation/index.ts";
import type { DelegationDeps } from "./delegation-deps.ts";

/**
 * What a delegation rests on for whoever receives it, as dead keys: the agent's access, its class, and the person
 * whose own it is. All of them can be lifted, and what was given before stays dead.
 * @throws Fault `forbidden` where its class is blocked
 */
export async function restsOfHolder(
  deps: DelegationDeps,
  agent: Agent,
  person?: Pick<Person, "id" | "epoch">,
): Promise<string[]> {
  const blockable = await openKeys(deps, blockedKindsOf([agent]));
  const hers = person === undefined ? [] : [`person:${person.id}#${person.epoch}`];
  return [accessKeyOf(agent), ...blockable, ...hers];
}

/**
 * What anything rests on that an agent lets exist, as dead keys: the copy that did it, what that copy is made of,
 * whose word its credential rests on, and the decision that let it. What the chain rests on besides stands with
 * its own delegations.
 * @throws Fault `forbidden` where an image, a model or a configuration is blocked
 */
export async function restsOfGiver(
  deps: DelegationDeps,
  { instance, rests: callers = [] }: Caller,
  { activation }: Allow<"delegate" | "register">,
): Promise<string[]> {
  const copy = instance === undefined ? undefined : await findInstance(deps, instance);
  const made = await openKeys(deps, blockedKindsOf([], copy));
  const own = instance === undefined ? [] : [`instance:${instance}`];
  return [...new Set([...callers, ...own, ...made, `policy:${activation}`])];
}
