import type { Plan } from "@countersign/proof/consent";
import type { Grant } from "@countersign/proof/grant";
import { z } from "zod";
import {
  type AgentName,
  type Caller,
  Fault,
  hours,
  type Id,
  type PersonId,
  type ServiceId,
} from "../lib/index.ts";
import type { PlannedBy } from "./runbook.ts";
import { type ConsentKind, consentKind, type SignIn } from "./sign-in.ts";

/**
 * The life of a task: asked for, consented to (or not), at work, ended. Whatever ended stays ended.
 */
export type TaskState = "awaiting-consent" | "active" | "closed" | "expired" | "refused";

/** A person starts a task by consenting; a registered service may have opened it for her. */
export interface StartedByPerson {
  readonly kind: "person";
  readonly principal: PersonId;
  /** The service through which she asked, where it was one. */
  readonly through?: ServiceId;
}

/** Nobody asked: the task rests on its agent's standing authority, and its owner answers for the agent. */
export type StartedAlone =
  | { readonly kind: "agent"; readonly principal: AgentName }
  | {
      readonly kind: "schedule" | "event";
      /** The service that tells of it. */
      readonly principal: ServiceId;
      /** What it was, in that service's words: the same never starts a second task. */
      readonly on: string;
    };

export type Starter = StartedByPerson | StartedAlone;

/** What is broken, where a task is to mend it. */
export const incident = z.strictObject({
  id: z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
      "An incident's id has letters, digits, . _ and - only, 64 at most.",
    ),
  severity: z.enum(["P1", "P2", "P3", "P4"]),
});
export type Incident = Readonly<z.output<typeof incident>>;

/** One piece of work that an agent does for a person. All authority for it ends when it does. */
export interface Task {
  readonly id: Id<"task">;
  /** For whom it is done: only she can consent to it. Where nobody asked, who answered for its agent then. */
  readonly person: PersonId;
  readonly startedBy: Starter;
  /** The agent that the person's own delegation goes to. */
  readonly agent: AgentName;
  /** Commitment to the instruction, as it stands in the log and in the consent. */
  readonly instruction: string;
  /** Where its words are kept. */
  readonly instructionKept: string;
  readonly purpose: string;
  /** Commitment to the purpose, as it stands in the log. */
  readonly purposeCommitment: string;
  /** What the person is asked to give. */
  readonly grants: readonly Grant[];
  /** The longest chain that may hang on it, in links. */
  readonly maxDepth: number;
  readonly state: TaskState;
  /** Makes the consent to this task unlike any other, base64url. */
  readonly nonce: string;
  /** Milliseconds since the epoch, like all times here. */
  readonly openedAt: number;
  /** The end of the person's delegation. */
  readonly expires: number;
  /** The end of the task, whatever has been delegated for it. */
  readonly deadline: number;
  /** Hash of the consent, once given. */
  readonly consent?: string;
  readonly endedAt?: number;
  /** What it serves, in the words of whoever opened it; no agent can say so. */
  readonly incident?: Incident;
  /** The plan that it was opened with, as it was approved then. */
  readonly runbook?: PlannedBy;
  /** What it will do and nothing else, as declared when it was opened or as its runbook says. */
  readonly plan?: Plan;
  /** Opened by its person in an emergency: short and loud. */
  readonly breakGlass: boolean;
  /** The company's sign-in that stands in for her passkey, where it does. */
  readonly signIn?: SignIn;
}

/** How long a task and its first delegation may last at most, and last if nothing is said. Milliseconds. */
export const LONGEST_TASK = hours(24 * 7);
export const USUAL_TASK = hours(8);
export const USUAL_DELEGATION = hours(1);
export const LONGEST_BREAK_GLASS = hours(1);

const ENDED: Readonly<Record<Exclude<TaskState, "active" | "awaiting-consent">, string>> = {
  closed: "This task is closed; all authority given for it has ended.",
  expired: "This task's deadline has passed; all authority given for it has ended.",
  refused: "The person refused this task.",
};

/** The state as of now: a deadline ends a task whether or not anything has been written down yet. */
export function stateOf(task: Task, now: number): TaskState {
  const open = task.state === "active" || task.state === "awaiting-consent";
  return open && now >= task.deadline ? "expired" : task.state;
}

/**
 * Lets only a task at work pass.
 * @throws Fault `gone` when it has ended, `conflict` while the person has not consented
 */
export function requireActive(task: Task, now: number): void {
  const state = stateOf(task, now);
  if (state === "active") return;
  if (state === "awaiting-consent") {
    throw new Fault("conflict", "The person has not consented to this task yet.", {
      remedy: "Ask her to open Countersign and consent, then try again.",
      record: { about: aboutTask(task) },
    });
  }
  throw ended(task, state);
}

/**
 * Lets only a task pass that still waits for its person.
 * @throws Fault `gone` when it has ended, `conflict` when she has consented already
 */
export function requireAwaiting(task: Task, now: number): void {
  const state = stateOf(task, now);
  if (state === "awaiting-consent" && now < task.expires) return;
  if (state === "active") throw new Fault("conflict", "Consent to this task has been given already.");
  if (state === "awaiting-consent") {
    throw new Fault("gone", "The time for this consent has passed.", { remedy: "Open the task anew." });
  }
  throw ended(task, state);
}

/**
 * Lets only a task pass that there is.
 * @throws Fault `not-found`
 */
export function requireTask(task: Task | undefined): Task {
  if (task !== undefined) return task;
  throw new Fault("not-found", "There is no such task.", { remedy: "Check its id." });
}

/** Whether it rests on its agent's standing authority: no person asked for it, and none consented. */
export const isAutonomous = ({ startedBy }: Pick<Task, "startedBy">): boolean => startedBy.kind !== "person";

/** Whose authority is at its root, and gives the first delegation. */
export const rootOf = (task: Task): PersonId | AgentName => (isAutonomous(task) ? task.agent : task.person);

/** The agent and the person behind a task, for the trail of an event or a refusal. */
export const aboutTask = (task: Task): { task: string; agent: string; person: string } => ({
  task: task.id,
  agent: task.agent,
  person: task.person,
});

/** A task as decisions see it. */
export interface SeenTask {
  readonly id: Id<"task">;
  readonly purpose: string;
  readonly startedBy: Starter["kind"];
  readonly agent: AgentName;
  readonly incident?: Incident;
  readonly runbook?: Pick<PlannedBy, "name" | "steps">;
  /** The tools of its plan, and which step a call belongs to, from 1. */
  readonly plan?: { readonly tools: readonly string[]; readonly step?: number };
  readonly breakGlass: boolean;
  readonly consent: ConsentKind;
}

export const seenTask = ({
  id,
  purpose,
  startedBy,
  agent,
  incident,
  runbook,
  plan,
  breakGlass,
  ...task
}: Task): SeenTask => ({
  id,
  purpose,
  startedBy: startedBy.kind,
  agent,
  ...(incident === undefined ? {} : { incident }),
  ...(runbook === undefined ? {} : { runbook: { name: runbook.name, steps: runbook.steps } }),
  ...(plan === undefined ? {} : { plan: { tools: plan.steps.map(({ tool }) => tool) } }),
  breakGlass,
  consent: consentKind({ ...task, startedBy }),
});

/** Whether the caller may see a task and end it: the person, whoever opened or started it, an administrator. */
export const mayEnd = (task: Task, caller: Caller): boolean =>
  isPersonOf(task, caller) || isOpenerOf(task, caller) || isAdministrator(caller);

export const isPersonOf = (task: Task, caller: Caller): boolean =>
  caller.kind === "person" && caller.principal === task.person;

/** The service that opened it, for a person or for nobody. */
export function openerOf({ startedBy }: Pick<Task, "startedBy">): ServiceId | undefined {
  if (startedBy.kind === "agent") return undefined;
  return startedBy.kind === "person" ? startedBy.through : startedBy.principal;
}

export const isOpenerOf = (task: Task, caller: Caller): boolean =>
  (caller.kind === "service" && caller.principal === openerOf(task)) ||
  (caller.kind === "agent" &&
    task.startedBy.kind === "agent" &&
    caller.principal === task.startedBy.principal);

export const isAdministrator = (caller: Caller): boolean =>
  caller.kind === "person" && caller.roles.includes("administrator");

const ended = (task: Task, state: keyof typeof ENDED): Fault =>
  new Fault("gone", ENDED[state], { remedy: "Open a new task.", record: { about: aboutTask(task) } });
