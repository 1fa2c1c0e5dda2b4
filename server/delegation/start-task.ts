import { perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault, type ServiceId } from "../lib/index.ts";
import {
  type Agent,
  aliveAgent,
  aliveService,
  requireActiveAgent,
  requireActiveService,
} from "../registry/index.ts";
import { coveredByGrants, uncoveredIdentifiers } from "./chain.ts";
import type { Delegation } from "./delegation.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { begin } from "./give-consent.ts";
import { addTask, type TaskRequest } from "./open-task.ts";
import { plannedFor } from "./planned.ts";
import { restsOfHolder } from "./rests.ts";
import { fitsCountedOnly, standOutside } from "./stand-outside.ts";
import { countStartedAlone, findTaskStartedOn } from "./store-starters.ts";
import type { StartedAlone, Task } from "./task.ts";

/** What is to be done although no person asks for it. */
export interface StartRequest extends Omit<TaskRequest, "person" | "instruction" | "breakGlass"> {
  /** What a service tells of; an agent that starts by itself tells of nothing. */
  readonly trigger?: { readonly kind: "schedule" | "event"; readonly on: string } | undefined;
}

/** A task costs its agent nothing, so that one gone wild could open any number. */
const MOST_OPEN = 100;

/**
 * Starts a task that rests on its agent's standing authority: an agent's own, or one that a registered service
 * tells of, a scheduler or a source of events. It is at work at once, and whatever is done in it is autonomous.
 * What one service has told of once starts one task, however often it tells.
 * @throws Fault `forbidden` for whoever the agent's record does not name as a starter; `denied` beyond the
 *   agent's ceiling, and where it works for somebody at the same resource; `exists` for what has started a task
 *   already; `conflict` while too many are open; `invalid`, `not-found` as for tasks that people open
 */
export function startTask(
  deps: DelegationDeps,
  caller: Caller,
  request: StartRequest,
): Promise<{ task: Task; edge: Delegation }> {
  return perform(deps, caller, "task.start", async (change) => {
    const agent = await aliveAgent(deps, request.agent);
    const startedBy = starterOf(caller, agent, request);
    await requireNew(deps, startedBy);
    requireWithinCeiling(agent, request);
    refuseCounted(agent, request);
    requireActiveAgent(deps, change, agent);
    await requireStarterActive(deps, change, startedBy);
    await standOutside(deps, change, agent, request.grants);
    // After the head was read that every start moves: of two that count at once, one counts again.
    await requireRoom(deps, agent);
    const task = addTask(deps, change, caller, {
      ...request,
      person: agent.owner,
      instruction: request.purpose,
      startedBy,
      planned: await plannedFor(deps, change, request),
    });
    return begin(deps, change, caller, { task, rests: await restsOfHolder(deps, agent) });
  });
}

function starterOf(caller: Caller, agent: Agent, { trigger }: StartRequest): StartedAlone {
  const { starters = [] } = agent.delegation;
  if (caller.kind === "agent" && caller.principal === agent.name && trigger === undefined) {
    if (starters.includes("itself")) return { kind: "agent", principal: agent.name };
  } else if (caller.kind === "service" && trigger !== undefined) {
    const principal = caller.principal as ServiceId;
    if (starters.includes(principal)) return { ...trigger, principal };
  }
  throw new Fault("forbidden", "Nothing says that you may start tasks of this agent.", {
    remedy: "Its owner can have you named among its starters; else a person opens the task.",
    record: { about: { agent: agent.name } },
  });
}

async function requireNew({ database }: DelegationDeps, startedBy: StartedAlone): Promise<void> {
  if (startedBy.kind === "agent") return;
  const known = await findTaskStartedOn(database, startedBy);
  if (known === undefined) return;
  throw new Fault("exists", "This has started a task already.", {
    remedy: "Tell of each run and each event once, under a name of its own.",
    members: { task: known },
    record: { about: { task: known }, on: startedBy.on },
  });
}

function requireWithinCeiling(agent: Agent, { grants }: StartRequest): void {
  const bearable = coveredByGrants(agent.grants, grants);
  if (bearable.covered && agent.parent === undefined) return;
  throw new Fault("denied", "This goes beyond what the agent may do on its own.", {
    remedy: "Ask for less, or have an administrator widen the agent's ceiling.",
    members: { uncovered: bearable.missing },
    record: { about: { agent: agent.name }, uncovered: uncoveredIdentifiers(grants, bearable) },
  });
}

function refuseCounted(agent: Agent, { grants }: StartRequest): void {
  if (!fitsCountedOnly(agent, grants)) return;
  throw new Fault(
    "denied",
    "This right is for a limited number of uses, which tasks of one's own cannot count.",
    {
      remedy: "Ask for it within a task that a person opens: its delegation counts the uses.",
      record: { about: { agent: agent.name } },
    },
  );
}

async function requireRoom({ database, clock }: DelegationDeps, agent: Agent): Promise<void> {
  if ((await countStartedAlone(database, agent.name, clock.now(), MOST_OPEN)) < MOST_OPEN) return;
  throw new Fault("conflict", `This agent has ${MOST_OPEN} open tasks that nobody asked for.`, {
    remedy: "Close those that are done.",
    record: { about: { agent: agent.name } },
  });
}

async function requireStarterActive(
  deps: DelegationDeps,
  change: Change,
  startedBy: StartedAlone,
): Promise<void> {
  if (startedBy.kind === "agent") return;
  requireActiveService(change, await aliveService(deps, startedBy.principal));
}
