import { type Consent, consentHash } from "@countersign/proof/consent";
import { describeGrant } from "@countersign/proof/grant";
import type { Caller } from "../lib/index.ts";
import { type Agent, agentOrRefuse, findService, nameOfPerson } from "../registry/index.ts";
import { consentTo } from "./consent.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { personalTask } from "./find-task.ts";
import { type Instruction, instructionOf } from "./instruction.ts";
import type { Page, PageQuery } from "./page.ts";
import { tasksAwaiting } from "./store.ts";
import { openerOf, type Task } from "./task.ts";

/** All that a person needs to judge what she is asked to sign. */
export interface ConsentView {
  readonly task: Task;
  readonly consent: Consent;
  /** What her passkey signs: base64url SHA-256 of the canonical consent. */
  readonly challenge: string;
  readonly instruction: Instruction;
  /** The name of the service that asks, unless she asked herself. */
  readonly service: string | undefined;
  readonly agent: Agent;
  /** The name of the person who answers for the agent. */
  readonly ownerName: string;
  /** The grants, each as a line for her to judge. */
  readonly described: string[];
}

/**
 * What a person is asked to consent to, or was. Nobody else may look.
 * @throws Fault `not-found`, also for another person's; `gone` when the instruction has been erased
 */
export async function consentFor(
  deps: DelegationDeps,
  caller: Caller,
  input: { task: string },
): Promise<ConsentView> {
  const task = await personalTask(deps, caller, input.task);
  const through = openerOf(task);
  const [instruction, agent, service] = await Promise.all([
    instructionOf(deps, task),
    agentOrRefuse(deps, task.agent),
    through === undefined ? undefined : findService(deps, through),
  ]);
  const consent = consentTo(task, deps.trustDomain);
  return {
    task,
    consent,
    challenge: consentHash(consent),
    instruction,
    service: service?.name,
    agent,
    ownerName: await nameOfPerson(deps, agent.owner),
    described: task.grants.map(describeGrant),
  };
}

/** The tasks that wait for the caller's own consent. */
export async function awaitedConsents(
  deps: DelegationDeps,
  caller: Caller,
  page: PageQuery,
): Promise<Page<Task>> {
  if (caller.kind !== "person") return { items: [] };
  return tasksAwaiting(deps.database, caller.principal as Task["person"], deps.clock.now(), page);
}
