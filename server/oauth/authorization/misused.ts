import { append } from "../../audit/index.ts";
import type { Change } from "../../database/index.ts";
import { endDelegationRow } from "../../delegation/index.ts";
import { type Caller, Fault } from "../../lib/index.ts";
import { deadAmong, revoke } from "../../revocation/index.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import { endAuthorization } from "../store-authorizations.ts";
import type { Authorization } from "./authorization.ts";
import { aboutOf, whatOf } from "./begin.ts";
import { authorizationMisused } from "./events.ts";

/**
 * A code or a refresh token came a second time: two hold it, and nobody knows which of them is the client. All
 * that the person gave by it is dead, in the caller's change.
 * @see RFC 6749 §4.1.2, §10.4; RFC 9700 §4.14.2
 */
export async function revokeMisused(
  deps: OauthDeps,
  change: Change,
  caller: Caller,
  authorization: Authorization,
  came: "code" | "refresh-token",
): Promise<void> {
  const { edge } = authorization;
  endAuthorization(change, authorization, deps.clock.now());
  if (edge === undefined || authorization.ended !== undefined) return;
  await endGiven(deps, change, caller, edge, `${came} used twice`);
  const body = { ...whatOf(authorization), came, edge };
  append(change, authorizationMisused(deps, caller, aboutOf(authorization), body));
}

/** Ends a person's delegation with all that hangs on it, unless it has ended already. */
export async function endGiven(
  deps: OauthDeps,
  change: Change,
  caller: Caller,
  edge: NonNullable<Authorization["edge"]>,
  why: string,
): Promise<void> {
  if ((await deadAmong(deps, [`edge:${edge}`])).length > 0) return;
  endDelegationRow(change, edge, deps.clock.now());
  revoke(deps, change, caller, [`edge:${edge}`], why);
}

/** In the same words whatever is wrong: whoever guesses learns nothing. */
export const invalidGrant = (authorization?: Authorization): Fault =>
  new Fault("invalid-grant", "The grant does not hold, or is not for this client.", {
    remedy: "Ask the person again.",
    ...(authorization === undefined
      ? {}
      : { record: { about: aboutOf(authorization), request: authorization.id } }),
  });
