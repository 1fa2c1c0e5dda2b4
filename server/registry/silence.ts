import { z } from "zod";
import { days, hours } from "../lib/index.ts";
import type { Agent } from "./agent.ts";

/** A token may live for minutes after it was asked for: nobody is silent for less than this. */
const SHORTEST = hours(1);
const LONGEST = days(3_650);

/** How long an agent may be silent before it is dormant, in milliseconds. */
export const dormantAfter = z
  .int()
  .min(SHORTEST, "An agent is silent for at least an hour before it is dormant.")
  .max(LONGEST, "An agent is silent for at most ten years before it is dormant.");

/**
 * Whether an agent has been silent for too long. It speaks when it asks for a token, when people start it, and when
 * a process of it proves itself; that a process of it still runs is no word from it.
 * @param byDefault the server's own span (ms), where the record says none; nothing: never
 */
export function isSilent(
  agent: Pick<Agent, "dormantAfter" | "lastActive" | "created">,
  now: number,
  byDefault: number | undefined,
): boolean {
  const span = agent.dormantAfter ?? byDefault;
  return span !== undefined && now - (agent.lastActive ?? agent.created) >= span;
}
