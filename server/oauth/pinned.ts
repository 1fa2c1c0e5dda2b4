import type { Constraint, Grant } from "@countersign/proof/grant";
import type { Json } from "@countersign/proof/jcs";

/** The arguments that a grant leaves no choice about: what is known of the call before it is made. */
export function pinnedArguments(grant: Grant): Record<string, Json> {
  const pinned = Object.entries(grant.args ?? {}).flatMap(([name, constraint]): [string, Json][] =>
    isExact(constraint) ? [[name, constraint.value]] : [],
  );
  return Object.fromEntries(pinned);
}

/**
 * The arguments that a grant leaves a choice about. A service may verify a token by itself and ask nobody at
 * the call, so whatever policy reads must not be among them: the agent could choose what policy would have
 * refused.
 */
export function openArguments(grant: Grant): readonly string[] | "any" {
  if (grant.open_args !== undefined) return "any";
  return Object.entries(grant.args ?? {}).flatMap(([name, constraint]) =>
    isExact(constraint) ? [] : [name],
  );
}

/** Whether a grant permits one call only: what a person approves must be what is called. */
export const isPinned = (grant: Grant): boolean => openArguments(grant).length === 0;

const isExact = (constraint: Constraint): constraint is Extract<Constraint, { op: "eq" }> =>
  constraint.op === "eq" && constraint.optional === undefined;
