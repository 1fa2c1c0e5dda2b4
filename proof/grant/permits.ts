import type { Json } from "../jcs/index.ts";
import { constraintPermits } from "./constraint.ts";
import type { Grant } from "./grant.ts";

/** What an agent asks to do. `args` are the arguments that will be forwarded, and no others. */
export type Call = {
  type: string;
  location: string;
  action: string;
  identifier: string;
  args?: Record<string, Json>;
};

/**
 * Whether the grant lets this call pass. It says nothing of the conditions `max_uses`, `approval` and
 * `acr`, which whoever serves the call must discharge, or refuse.
 */
export function permits(grant: Grant, attackerCall: Call): boolean {
  return (
    grant.type === attackerCall.type &&
    grant.locations.includes(attackerCall.location) &&
    grant.actions.includes(attackerCall.action) &&
    grant.identifier === attackerCall.identifier &&
    permitsArguments(grant, attackerCall.args ?? {})
  );
}

function permitsArguments(grant: Grant, attackerArgs: Record<string, Json>): boolean {
  const named = grant.args ?? {};
  for (const [name, constraint] of Object.entries(named)) {
    if (!Object.hasOwn(attackerArgs, name) && !constraint.optional) return false;
  }
  return Object.entries(attackerArgs).every(([name, value]) => {
    const constraint = Object.hasOwn(named, name) ? named[name] : undefined;
    return constraint === undefined ? grant.open_args === true : constraintPermits(constraint, value);
  });
}
