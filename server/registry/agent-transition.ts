import type { Change } from "../database/index.ts";
import type { Caller } from "../lib/index.ts";
import { revoke } from "../revocation/index.ts";
import { type Agent, accessKeyOf } from "./agent.ts";
import { agentAfter } from "./lifecycle.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { setAwake } from "./store-workloads.ts";
import { writeAgent } from "./write-agent.ts";

/**
 * Takes an agent out of `active` or back: on suspension the keys of its epoch and of its access die and the next
 * ones begin in the same change; what is issued or delegated after it is resumed carries the new ones.
 * @throws Fault `conflict` when its state does not allow it
 */
export function switchAccess(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  before: Agent,
  transition: "suspend" | "resume",
): Agent {
  const ends = transition === "suspend";
  const now = deps.clock.now();
  const after = ends ? suspended(before, now) : resumed(before);
  const written = writeAgent(deps, change, before, after);
  if (!ends && after.status === "active") setAwake(change, after, now);
  const dead = [`agent:${before.name}#${before.epoch}`, accessKeyOf(before)];
  if (ends) revoke(deps, change, caller, dead, "agent suspended");
  const awake = !ends && after.status === "active" ? { lastActive: now } : {};
  return { ...written, ...awake };
}

/** One that was not active when it was suspended proves itself before it is again. Pure. */
export function suspended(before: Agent, now: number): Agent {
  const status = agentAfter(before, "suspend");
  const unattested = before.status === "active" ? {} : { unattestedSince: before.unattestedSince ?? now };
  return { ...before, ...unattested, status, epoch: before.epoch + 1, access: before.access + 1 };
}

/** One that must prove itself waits for that once it is resumed. Pure. */
export function resumed(before: Agent): Agent {
  const status = agentAfter(before, "resume");
  const { unattestedSince: _, ...proven } = before;
  return status === "active" ? { ...proven, status } : { ...before, status };
}
