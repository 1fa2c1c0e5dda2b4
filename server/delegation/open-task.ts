import { type Plan, planHash } from "@countersign/proof/consent";
import type { Grant } from "@countersign/proof/grant";
import type { Json } from "@countersign/proof/jcs";
import { append, conceal, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import {
  type AgentName,
  type Caller,
  Fault,
  newId,
  newSecret,
  type PersonId,
  type ServiceId,
} from "../lib/index.ts";
import {
  type Agent,
  aliveAgent,
  alivePerson,
  grantsOfPerson,
  type Person,
  requireActiveAgent,
  requireActivePerson,
} from "../registry/index.ts";
import { coveredByGrants, uncoveredIdentifiers } from "./chain.ts";
import { MOST_DEPTH, USUAL_DEPTH } from "./delegation.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { taskBreakGlass, taskRequested, taskStarted } from "./events.ts";
import { keepInstruction } from "./instruction.ts";
import { type Planned, plannedFor } from "./planned.ts";
import { insertTask } from "./store.ts";
import {
  aboutTask,
  type Incident,
  isAutonomous,
  LONGEST_BREAK_GLASS,
  LONGEST_TASK,
  openerOf,
  type StartedByPerson,
  type Task,
  USUAL_DELEGATION,
  USUAL_TASK,
} from "./task.ts";

export interface TaskRequest {
  /** For whom it is to be done. */
  readonly person: PersonId;
  /** What she is to have said, in words. */
  readonly instruction: string;
  readonly purpose: string;
  readonly agent: AgentName;
  readonly grants: readonly Grant[];
  /** How long her delegation shall last, in milliseconds. */
  readonly expiresIn?: number | undefined;
  /** How long the task may last, in milliseconds; a delegation never outlasts it. */
  readonly deadlineIn?: number | undefined;
  /** The longest chain that may hang on it, in links. */
  readonly maxDepth?: number | undefined;
  /** What it serves. */
  readonly incident?: Incident | undefined;
  /** Name of the approved plan that it follows. */
  readonly runbook?: string | undefined;
  /** What it will do, and nothing else: declared here, or by the runbook, never both. */
  readonly plan?: Plan | undefined;
  /** An emergency: only the person herself can say so. */
  readonly breakGlass?: boolean | undefined;
}

/**
 * Opens a task that waits for its person's consent: nothing is given before she signs. She may open her own;
 * a registered service may open one for her.
 * @throws Fault `forbidden` for any other caller; `denied` with `uncovered` when she, or the agent's ceiling,
 *   does not have what is asked; `invalid` for times and depths that make no sense; `not-found` for a runbook
 *   that nobody has approved
 */
export function openTask(deps: DelegationDeps, caller: Caller, request: TaskRequest): Promise<Task> {
  return perform(deps, caller, "task.open", async (change) => {
    const startedBy = starterOf(caller, request.person);
    requireInPerson(request, startedBy);
    const [person, agent] = await Promise.all([
      alivePerson(deps, request.person),
      aliveAgent(deps, request.agent),
    ]);
    await requireGiveable(deps, person, agent, request.grants);
    requireActivePerson(change, person);
    requireActiveAgent(deps, change, agent);
    const planned = await plannedFor(deps, change, request);
    return addTask(deps, change, caller, { ...request, startedBy, planned });
  });
}

/**
 * Lets only grants pass that lie within what the person has to give and within the agent's ceiling.
 * @throws Fault `denied` with the grants that do not, described
 */
export async function requireGiveable(
  deps: DelegationDeps,
  person: Person,
  agent: Agent,
  grants: readonly Grant[],
): Promise<void> {
  const about = { agent: agent.name, person: person.id };
  const giveable = coveredByGrants(await grantsOfPerson(deps, person), grants);
  if (!giveable.covered) {
    throw new Fault("denied", "The person does not have this to give.", {
      remedy: "Ask for less, or have an administrator give her groups the grant.",
      members: { uncovered: giveable.missing },
      record: { about, uncovered: uncoveredIdentifiers(grants, giveable) },
    });
  }
  const bearable = coveredByGrants(agent.grants, grants);
  if (bearable.covered) return;
  throw new Fault("denied", "This goes beyond what the agent is registered for.", {
    remedy: "Ask for less, or have an administrator widen the agent's ceiling.",
    members: { uncovered: bearable.missing },
    record: { about, uncovered: uncoveredIdentifiers(grants, bearable) },
  });
}

function starterOf(caller: Caller, person: PersonId): StartedByPerson {
  if (caller.kind === "service")
    return { kind: "person", principal: person, through: caller.principal as ServiceId };
  if (caller.kind === "person" && caller.principal === person) return { kind: "person", principal: person };
  throw new Fault(
    "forbidden",
    "A task is opened by the person herself, or for her by a registered service.",
    {
      remedy: "Sign in as that person, or have a service of yours registered.",
    },
  );
}

/** A service could be made to cry wolf; a person who does has signed in as herself. */
function requireInPerson({ breakGlass }: TaskRequest, { through }: StartedByPerson): void {
  if (breakGlass !== true || through === undefined) return;
  throw new Fault("forbidden", "Only a person herself can break the glass.", {
    remedy: "She can open the task in her own session.",
  });
}

/** Opens a task, in the caller's change, after all that must hold for it has been looked at. */
export function addTask(
  deps: DelegationDeps,
  change: Change,
  caller: Caller,
  request: TaskRequest & Pick<Task, "startedBy" | "signIn"> & { readonly planned: Planned },
): Task {
  const { person, agent, grants, purpose, startedBy, incident, signIn, breakGlass = false } = request;
  const { runbook, plan } = request.planned;
  const task: Task = {
    id: newId(deps, "task"),
    person,
    startedBy,
    agent,
    ...keepInstruction(deps, change, person, request.instruction),
    purpose,
    purposeCommitment: conceal(deps, change, person, purpose),
    grants,
    maxDepth: depthOf(request),
    state: "awaiting-consent",
    nonce: newSecret(deps),
    ...timesOf(deps.clock.now(), request),
    ...(incident === undefined ? {} : { incident }),
    ...(runbook === undefined ? {} : { runbook }),
    ...(plan === undefined ? {} : { plan }),
    breakGlass,
    ...(signIn === undefined ? {} : { signIn }),
  };
  insertTask(change, task);
  const told = isAutonomous(task) ? taskStarted : taskRequested;
  append(change, told(deps, caller, aboutTask(task), bodyOf(task)));
  if (breakGlass) append(change, taskBreakGlass(deps, caller, aboutTask(task), alarmOf(task)));
  return task;
}

const bodyOf = (task: Task) => ({
  instruction: task.instruction,
  purpose: task.purposeCommitment,
  started_by: task.startedBy.kind,
  ...throughOf(task),
  ...("on" in task.startedBy ? { on: task.startedBy.on } : {}),
  agent: task.agent,
  grants: task.grants as unknown as Record<string, Json>[],
  max_depth: task.maxDepth,
  expires: task.expires,
  deadline: task.deadline,
  ...servedBy(task),
  ...(task.plan === undefined ? {} : { plan: toldOf(task.plan) }),
  ...(task.breakGlass ? { break_glass: true } : {}),
});

function throughOf(task: Task): { through?: ServiceId } {
  const through = openerOf(task);
  return through === undefined ? {} : { through };
}

/** What its arguments are bound to stays with the task: it can be personal. The hash is of all of it. */
const toldOf = (plan: Plan) => ({
  hash: planHash(plan),
  steps: plan.steps.map(({ tool }) => tool),
  ordered: plan.ordered,
  on_drift: plan.on_drift,
});

const alarmOf = (task: Task) => ({
  instruction: task.instruction,
  purpose: task.purposeCommitment,
  agent: task.agent,
  identifiers: task.grants.map(({ identifier }) => identifier),
  deadline: task.deadline,
  ...servedBy(task),
});

const servedBy = ({ incident, runbook }: Task) => ({
  ...(incident === undefined ? {} : { incident }),
  ...(runbook === undefined ? {} : { runbook: { name: runbook.name, digest: runbook.digest } }),
});

function timesOf(now: number, request: TaskRequest): Pick<Task, "openedAt" | "expires" | "deadline"> {
  const usual = request.breakGlass === true ? LONGEST_BREAK_GLASS : USUAL_TASK;
  const { deadlineIn = usual, expiresIn = Math.min(USUAL_DELEGATION, deadlineIn) } = request;
  if (request.breakGlass === true && deadlineIn > LONGEST_BREAK_GLASS) {
    throw new Fault("invalid", "A task that breaks the glass lasts at most an hour.", {
      remedy: "Ask for a shorter time, and open another one when it has passed.",
    });
  }
  if (deadlineIn > LONGEST_TASK || expiresIn > deadlineIn) {
    throw new Fault("invalid", "A task lasts at most a week, and a delegation at most as long as its task.", {
      remedy: "Ask for a shorter time.",
    });
  }
  return { openedAt: now, expires: now + expiresIn, deadline: now + deadlineIn };
}

function depthOf({ maxDepth = USUAL_DEPTH, grants }: TaskRequest): number {
  if (maxDepth >= 1 && maxDepth <= MOST_DEPTH) return maxDepth;
  throw new Fault("invalid", `A chain has 1 to ${MOST_DEPTH} links.`, {
    remedy: "Ask for a depth in that range.",
    record: { grants: grants.map(({ identifier }) => identifier) },
  });
}
