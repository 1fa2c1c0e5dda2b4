import { latestEvents } from "../audit/index.ts";
import type { DatabaseDeps } from "../database/index.ts";
import { type Agent, findInstance, type Instance } from "../registry/index.ts";
import type { Acting } from "./acting.ts";
import { LOOKING_BACK, type Observations, SETTLING } from "./risk.ts";
import { newHabits } from "./store.ts";

const REFUSALS = ["request.refused", "call.refused"];

/**
 * Refusals that say nothing against the one who was refused: being told to wait for a person, having used up
 * what was given, coming a moment later than somebody else, being told the nonce to sign with.
 */
const HARMLESS = new Set([
  "approval-required",
  "authorization-pending",
  "slow-down",
  "gone",
  "conflict",
  "use-dpop-nonce",
]);

/** Beyond these the score does not rise any more. */
const MOST_READ = 60;
const MOST_HABITS = 10;

/**
 * What can be seen of a running copy now.
 * @returns nothing where the copy is unknown, has ended, or is another agent's
 */
export async function observe(
  deps: DatabaseDeps,
  { agent, instance }: Acting,
): Promise<Observations | undefined> {
  const found = await findInstance(deps, instance);
  if (found === undefined || !isOf(agent, found)) return undefined;
  const now = deps.clock.now();
  const since = now - LOOKING_BACK;
  const events = await latestEvents(deps.database, { agent: agent.name, types: REFUSALS }, since, MOST_READ);
  return {
    strength: found.strength,
    evidenceAge: now - found.enrolledAt,
    refusals: events.filter(({ body }) => isRefusal(body)).length,
    newTools: isSettling(agent, now) ? 0 : await habitsSince(deps, agent, since),
  };
}

const habitsSince = ({ database }: DatabaseDeps, { name }: Agent, since: number): Promise<number> =>
  newHabits(database, name, since, MOST_HABITS);

const isOf = ({ name }: Agent, { kind, principal, status }: Instance): boolean =>
  kind === "agent" && principal === name && status === "active";

/** Whether the agent is too young to have habits. */
export const isSettling = ({ created }: Agent, now: number): boolean => now - created < SETTLING;

function isRefusal(canonicalEvent: string): boolean {
  const { body } = JSON.parse(canonicalEvent) as { body: { code?: string } };
  return body.code === undefined || !HARMLESS.has(body.code);
}
