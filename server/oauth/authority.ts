import type { Authority, LivingChain } from "../delegation/index.ts";
import type { Allow } from "../lib/index.ts";

/** By what right: a person signed exactly this, consented to the task, or neither. */
export function authorityOf(chain: LivingChain | undefined, allows: readonly Allow<"call">[]): Authority {
  if (allows.some(({ approval }) => approval !== undefined)) return "approved";
  return chain?.principal === undefined ? "autonomous" : "instructed";
}
