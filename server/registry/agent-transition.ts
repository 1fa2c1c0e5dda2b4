import type { Change } from "../database/index.ts";
import type { Caller } from "../lib/index.ts";
import { revoke } from "../revocation/index.ts";
import type { Agent } from "./agent.ts";
import { agentAfter } from "./lifecycle.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { replaceAgent } from "./store-workloads.ts";

/**
 * Takes an agent out of `active` or back: on suspension the key of its epoch dies and the next one begins in
 * the same change; what is issued after it is resumed carries the new epoch.
 * @throws Fault `conflict` when its state does not allow it
 */
export function switchAccess(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  before: Agent,
  transition: "suspend" | "resume",
): Agent {
  const status = agentAfter(before.name, before.status, transition);
  const ends = transition === "suspend";
  const after = { ...before, status, epoch: ends ? before.epoch + 1 : before.epoch };
  replaceAgent(change, before, after);
  if (ends) revoke(deps, change, caller, [`agent:${before.name}#${before.epoch}`], "agent suspended");
  return { ...after, revision: before.revision + 1 };
}
