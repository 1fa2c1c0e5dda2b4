import type { CedarRequest } from "./cedar-request.ts";
import { type ContextRead, isRead, readTogether } from "./context-read.ts";
import type { Policy } from "./policy.ts";
import type { Question } from "./question.ts";

/**
 * Everything that any of the policies for an action reads of the context.
 * @param actions the action and everything that it is a member of
 */
export const readsFor = (policies: Iterable<Policy>, actions: readonly string[]): ContextRead =>
  readTogether(applicable(policies, actions).map(({ reads }) => reads));

export const applicable = (policies: Iterable<Policy>, actions: readonly string[]): Policy[] =>
  [...policies].filter(
    (policy) => policy.actions === "any" || policy.actions.some((action) => actions.includes(action)),
  );

/**
 * Facts that a decision needs and lacks: those that a policy for this action reads, and those that an
 * argument must equal.
 * @param read what the policies for this action read
 */
export function lackingFacts(
  { circumstances }: Question,
  { factsLacking }: CedarRequest,
  read: ContextRead,
): string[] {
  const unchecked = (circumstances?.facts?.unchecked ?? []).map(({ fact }) => fact);
  return [...new Set([...unchecked, ...factsLacking.filter((fact) => isRead(fact, read.facts))])].sort();
}

/**
 * Whether a policy for this action reads what the call moves, although that is not known exactly; or, where
 * it never will be, what was moved before: such a call would be missing from every sum.
 */
export const readsUnknownAmount = (
  { amountLacking, amountOpen }: CedarRequest,
  { members }: ContextRead,
): boolean =>
  amountLacking &&
  (OF_AMOUNT.some((member) => isRead(member, members)) || (!amountOpen && isRead("history", members)));

/** What is known only where the amount is. */
const OF_AMOUNT = ["amount", "currency", "above_limit"];
