import type { Grant } from "@countersign/proof/grant";
import type { Change } from "../database/index.ts";
import {
  fitsCountedOnly,
  heldAtResource,
  heldFromOthers,
  heldFromSelf,
  holdHead,
  moveHead,
} from "../delegation/index.ts";
import { Fault } from "../lib/index.ts";
import type { Agent } from "../registry/index.ts";
import { revoke } from "../revocation/index.ts";
import type { BoundClient } from "./client.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { type StandingEpoch, standingEpoch } from "./standing-epoch.ts";
import { hasStandingToken } from "./store.ts";

/**
 * Whoever works on a task at a resource must not step around its limits with standing authority. This is
 * about the agent: a second copy of it could otherwise do what the first may not. What an agent registered has
 * no standing authority at all. At the commit it still holds no more than was seen here.
 * @param held what counts as working on a task there
 * @returns the epoch that what it is given belongs to
 * @throws Fault `unauthorized-client`
 */
export async function standOutsideTask(
  deps: OauthDeps,
  change: Change,
  client: BoundClient,
  of: { readonly agent: Agent; readonly audience: string },
  held = heldAtResource,
): Promise<StandingEpoch> {
  const { agent, audience } = of;
  // Its parent works on a task there: what it did on its own would be outside that task's plan, marks and history.
  if (agent.parent !== undefined) throw withinTask(client, audience);
  const epoch = await standingEpoch(deps, { agent: agent.name, audience });
  const { holds, head } = await held(deps, agent.name, audience);
  if (holds) throw withinTask(client, audience);
  holdHead(change, head);
  return epoch;
}

/**
 * As `standOutsideTask`, for what is given by a task that an agent started itself, to that agent or to whomever it
 * passed its authority on: what others delegate to the one at whose root it stands, at the same resource, ends it.
 * @param of.agent at the root of the chain
 */
export const standInOwnTask = (
  deps: OauthDeps,
  change: Change,
  client: BoundClient,
  of: { readonly agent: Agent; readonly audience: string },
): Promise<StandingEpoch> => standOutsideTask(deps, change, client, of, heldFromOthers);

const withinTask = (client: BoundClient, resource: string): Fault =>
  new Fault(
    "unauthorized-client",
    "Within a delegated task there is no standing authority for the same resource.",
    {
      remedy: "Exchange the task's delegation, or wait until the task has ended.",
      record: { about: { agent: client.instance.principal }, resource },
    },
  );

/**
 * Ends, in the change that gives an agent a delegated token, what it was given at that resource on its own
 * authority before: all of it by one key. Nothing is given meanwhile, since the agent holds a delegation.
 */
export async function endStanding(
  deps: OauthDeps,
  change: Change,
  client: BoundClient,
  of: { agent: Agent; audience: string },
): Promise<void> {
  const place = { agent: of.agent.name, audience: of.audience };
  const { head, key } = await standingEpoch(deps, place);
  const asked = { ...place, epoch: head.version, now: deps.clock.now() };
  if (
    !(await hasStandingToken(deps.database, asked)) &&
    !(await heldFromSelf(deps, place.agent, place.audience))
  )
    return;
  moveHead(change, head);
  revoke(deps, change, client.caller, [key], "standing authority within a task");
}

/**
 * Each token of one's own would count from zero again, so a ceiling that allows so many uses would allow any
 * number. A delegation counts for all its tokens together.
 * @throws Fault `invalid-authorization-details` when a grant fits only into a counted part of the ceiling
 */
export function refuseCounted(agent: Agent, grants: readonly Grant[]): void {
  if (!fitsCountedOnly(agent, grants)) return;
  throw new Fault(
    "invalid-authorization-details",
    "This right is for a limited number of uses, which an agent's own tokens cannot count together.",
    { remedy: "Ask for it within a task: its delegation counts the uses." },
  );
}
