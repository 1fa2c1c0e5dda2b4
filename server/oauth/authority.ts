import type { Authority } from "../delegation/index.ts";
import type { Allow } from "../lib/index.ts";

/** By what right: a person signed exactly this, consented to the task, or neither. */
export function authorityOf(chain: object | undefined, allows: readonly Allow<"call">[]): Authority {
  if (allows.some(({ approval }) => approval !== undefined)) return "approved";
  return chain === undefined ? "autonomous" : "instructed";
}
