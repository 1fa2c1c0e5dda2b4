import type { Allow, Caller } from "../lib/index.ts";
import { blockedKindsOf, findInstance } from "../registry/index.ts";
import { openKeys } from "../revocation/index.ts";
import type { LivingChain } from "./chain-of.ts";
import type { DelegationDeps } from "./delegation-deps.ts";

/**
 * What anything rests on that an agent lets exist within a chain, as dead keys: the copy that did it, what that
 * copy is made of, whose word its credential rests on, the classes of everybody in the chain, the decision that
 * let it, and all that the chain rests on already.
 * @throws Fault `forbidden` where a class, an image or a model is blocked
 */
export async function restsOf(
  deps: DelegationDeps,
  { instance, rests: callers = [] }: Caller,
  { activation }: Allow<"delegate" | "register">,
  { rests, agents }: LivingChain,
): Promise<string[]> {
  const copy = instance === undefined ? undefined : await findInstance(deps, instance);
  const made = await openKeys(deps, blockedKindsOf(agents, copy));
  const own = instance === undefined ? [] : [`instance:${instance}`];
  return [...new Set([...rests, ...callers, ...own, ...made, `policy:${activation}`])];
}
