import type { Call, Grant } from "@countersign/proof/grant";

/**
 * What of a grant one call makes use of: each argument that it has, pinned, and no other. What the grant says
 * of arguments that the call does without stays as it is, and so does every condition: whatever covers the
 * grant covers this, and where a wider one does not permit the call, it does not cover this either.
 */
export function exactGrant(grant: Grant, { args = {} }: Call): Grant {
  const { open_args: _, args: named = {}, ...rest } = grant;
  const pinned = Object.entries(args).map(([name, value]) => [name, { op: "eq", value }] as const);
  return { ...rest, args: Object.fromEntries([...Object.entries(named), ...pinned]) };
}
