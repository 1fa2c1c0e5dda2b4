import { append } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault, type Strength } from "../lib/index.ts";
import { requireAlive } from "../revocation/index.ts";
import type { Agent } from "./agent.ts";
import { agentActivated } from "./events.ts";
import { refuseEnded } from "./find-agent.ts";
import { agentAfter, type Standing, standingOf } from "./lifecycle.ts";
import { requireOwner } from "./owner.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { setAwake } from "./store-workloads.ts";
import { writeAgent } from "./write-agent.ts";

/**
 * What an enrolment or an attestation does to its agent's record: one that waits for it becomes active, and the
 * strength of its latest credential is kept. Part of the change that adds the instance.
 * @throws Fault `forbidden` when the agent is suspended, expired or decommissioned, or when what is shown is from
 *   before it had to prove itself anew; `invalid` without an owner
 */
export async function activateAgent(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  before: Agent,
  { strength, issued }: Shown,
): Promise<void> {
  requireEnrollable(before, deps.clock.now());
  requireFresh(before, issued);
  await refuseEnded(deps, before);
  if (before.under !== undefined) requireAlive(change, before.under);
  await requireOwner(deps, change, `agent ${before.name}`, before.owner);
  const comes = before.status !== "active";
  writeAgent(deps, change, before, { ...(comes ? activated(before) : before), strength });
  setAwake(change, before, deps.clock.now());
  if (comes) append(change, agentActivated(deps, caller, { agent: before.name, person: before.owner }, {}));
}

/** The record of one that has proven itself, or that people can start. Pure. */
export function activated(before: Agent): Agent {
  const { unattestedSince: _, ...proven } = before;
  return { ...proven, status: agentAfter(before, "activate") };
}

/** What a process shows of itself: how well it proves it, and since when it could have been shown. */
export interface Shown {
  readonly strength: Strength;
  /** When it was issued (ms), where it is older than this request: a join token, another domain's SVID. */
  readonly issued?: number | undefined;
}

/** What was given out before an agent had to prove itself anew says nothing of what it is now. */
function requireFresh({ name, unattestedSince }: Agent, issued: number | undefined): void {
  if (unattestedSince === undefined || issued === undefined || issued >= unattestedSince) return;
  throw new Fault("forbidden", `The agent ${name} must prove itself anew, and this is from before.`, {
    remedy: "Let it attest now, or issue a new join token.",
    members: { reason: "evidence-too-old" },
    record: { about: { agent: name } },
  });
}

const ENROLLABLE: ReadonlySet<Standing> = new Set(["registered", "active", "dormant", "unattested"]);

/**
 * Whether processes of the agent may enrol: while it waits for one that proves to be it, and while it is active.
 * @throws Fault `forbidden` when it is suspended, expired or decommissioned
 */
export function requireEnrollable(agent: Agent, now: number): void {
  const standing = standingOf(agent, now);
  if (ENROLLABLE.has(standing)) return;
  throw new Fault(
    "forbidden",
    `The agent ${agent.name} is ${standing}, so none of its processes can enrol.`,
    {
      remedy: "Ask its owner or an administrator.",
      record: { about: { agent: agent.name } },
    },
  );
}
