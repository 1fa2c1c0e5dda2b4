import type { Grant } from "@countersign/proof/grant";
import type { Json } from "@countersign/proof/jcs";

/** The arguments that a grant leaves no choice about: what is known of the call before it is made. */
export function pinnedArguments(grant: Grant): Record<string, Json> {
  const pinned = Object.entries(grant.args ?? {}).flatMap(([name, constraint]): [string, Json][] =>
    constraint.op === "eq" && constraint.optional === undefined ? [[name, constraint.value]] : [],
  );
  return Object.fromEntries(pinned);
}

/** Whether a grant permits one call only: what a person approves must be what is called. */
export const isPinned = (grant: Grant): boolean =>
  grant.open_args === undefined &&
  Object.keys(pinnedArguments(grant)).length === Object.keys(grant.args ?? {}).length;
