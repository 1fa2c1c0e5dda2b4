import { append } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault, type Strength } from "../lib/index.ts";
import { requireAlive } from "../revocation/index.ts";
import type { Agent } from "./agent.ts";
import { agentActivated } from "./events.ts";
import { refuseEnded } from "./find-agent.ts";
import { agentAfter, standingOf } from "./lifecycle.ts";
import { requireOwner } from "./owner.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { replaceAgent } from "./store-workloads.ts";

/**
 * What an enrolment does to its agent's record: a registered one becomes active, and the strength of its
 * latest credential is kept. Part of the change that adds the instance.
 * @throws Fault `forbidden` when the agent is suspended, expired or decommissioned; `invalid` without an owner
 */
export async function activateAgent(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  before: Agent,
  strength: Strength,
): Promise<void> {
  const standing = requireEnrollable(before, deps.clock.now());
  await refuseEnded(deps, before);
  if (before.under !== undefined) requireAlive(change, before.under);
  await requireOwner(deps, change, `agent ${before.name}`, before.owner);
  const first = standing === "registered";
  const status = first ? agentAfter(before.name, standing, "activate") : standing;
  replaceAgent(change, before, { ...before, status, strength });
  if (first) append(change, agentActivated(deps, caller, { agent: before.name, person: before.owner }, {}));
}

/**
 * Whether processes of the agent may enrol: before its first one, and while it is active.
 * @throws Fault `forbidden` when it is suspended, expired or decommissioned
 */
export function requireEnrollable(agent: Agent, now: number): "registered" | "active" {
  const standing = standingOf(agent, now);
  if (standing === "registered" || standing === "active") return standing;
  throw new Fault(
    "forbidden",
    `The agent ${agent.name} is ${standing}, so none of its processes can enrol.`,
    {
      remedy: "Ask its owner or an administrator.",
      record: { about: { agent: agent.name } },
    },
  );
}
