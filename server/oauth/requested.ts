import type { Grant } from "@countersign/proof/grant";
import { Fault } from "../lib/index.ts";
import type { Resource } from "./resource.ts";
import { within } from "./within.ts";

/** More grants than this in one token would not be looked at by anyone. */
export const MOST_GRANTS = 20;

/**
 * Lets only grants pass that are decided here: calls of tools at the one resource that is asked for.
 * @throws Fault `invalid-authorization-details`
 */
export function requireFitting(grants: readonly Grant[], resource: Resource): void {
  if (grants.length > 0 && grants.length <= MOST_GRANTS && grants.every((grant) => isCallAt(grant, resource)))
    return;
  throw new Fault(
    "invalid-authorization-details",
    "A token holds calls of tools at its one resource, and nothing else.",
    {
      remedy: `Ask for 1 to ${MOST_GRANTS} grants of type agent_tool, action tools/call, at this resource only.`,
    },
  );
}

/**
 * The part of what is held that is for one resource: each grant that names it, for it alone. What is wider
 * in other ways stays as wide as it is held.
 */
export const heldAt = (grants: readonly Grant[], resource: Resource): Grant[] =>
  grants
    .filter((grant) => grant.locations.includes(resource.location))
    .map((grant) => ({ ...grant, locations: [resource.location] }));

/**
 * What is decided at one resource: all that the nearest limit gives there where nothing is named, else what of the
 * asked fits inside every limit. That may be less than was asked: the answer says what it is. Where nothing fits it
 * stays as it was asked, so that the refusal says what is missing.
 * @param limits what each party has to give, wider than the resource or not, the nearest first
 * @throws Fault `invalid-authorization-details`
 * @see RFC 6749 §3.3, RFC 9396 §7
 */
export function requestedWithin(
  limits: readonly (readonly Grant[])[],
  asked: readonly Grant[] | undefined,
  resource: Resource,
): readonly Grant[] {
  const given = limits.map((grants) => heldAt(grants, resource));
  const wanted = asked ?? given[0] ?? [];
  requireFitting(wanted, resource);
  if (asked === undefined) return wanted;
  const left = within(given, asked);
  if (left.length === 0) return asked;
  requireFitting(left, resource);
  return left;
}

/** Whether it is the call of tools at this one resource, and nothing else. */
export const isCallAt = (grant: Grant, resource: Resource): boolean =>
  grant.type === "agent_tool" &&
  grant.locations.length === 1 &&
  grant.locations[0] === resource.location &&
  grant.actions.length === 1 &&
  grant.actions[0] === "tools/call";
