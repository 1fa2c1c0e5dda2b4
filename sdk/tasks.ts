import type { PlanStep } from "@countersign/proof/consent";
import type { Grant } from "@countersign/proof/grant";
import type { Json } from "@countersign/proof/jcs";
import { Unreachable } from "./errors.ts";
import type { Instance } from "./instance.ts";

/** One piece of work that a service asks an agent to do for a person. */
export interface TaskRequest {
  /** For whom: she must consent before anything is given. */
  readonly person: string;
  /** What she said, in her words. */
  readonly instruction: string;
  readonly purpose: string;
  /** The agent that her own delegation goes to. */
  readonly agent: string;
  /** What she is asked to give. */
  readonly grants: readonly Grant[];
  /** How long her delegation lasts, in seconds; an hour if absent. */
  readonly expiresIn?: number;
  /** What it serves, as policies see it; its id has letters, digits, `.`, `_` and `-` only. */
  readonly incident?: { readonly id: string; readonly severity: "P1" | "P2" | "P3" | "P4" };
  /** Name of the approved runbook that it follows. */
  readonly runbook?: string;
  /** What the agents will do, and nothing else; in order, and drift refused, unless it says otherwise. */
  readonly plan?: {
    readonly steps: readonly PlanStep[];
    readonly ordered?: boolean;
    readonly on_drift?: "refuse" | "end";
  };
}

/**
 * Opens a task that waits for its person's consent.
 *
 * @returns the task's id
 * @throws Denied when the person, or the agent, does not have what is asked; Refused, Unreachable
 */
export async function openTask(instance: Instance, request: TaskRequest): Promise<string> {
  const { person, instruction, purpose, agent, grants, expiresIn, incident, runbook, plan } = request;
  const answer = await instance.ask("POST", "/tasks", {
    person,
    instruction,
    purpose,
    agent,
    grants: grants as unknown as Json,
    ...(expiresIn === undefined ? {} : { expires_in: expiresIn }),
    ...(incident === undefined ? {} : { incident: { ...incident } }),
    ...(runbook === undefined ? {} : { runbook }),
    ...(plan === undefined ? {} : { plan: plan as unknown as Json }),
  });
  if (typeof answer.id === "string") return answer.id;
  throw new Unreachable("the control plane answered no task");
}

/** A task that no person asks for: it rests on the agent's standing authority, and on no more of it than this. */
export interface StartRequest extends Omit<TaskRequest, "person" | "instruction" | "agent"> {
  /** What a service tells of, a run or an event under a name of its own: the same starts one task. */
  readonly trigger?: { readonly kind: "schedule" | "event"; readonly on: string };
}

/**
 * Starts a task that no person asked for. It is at work at once.
 *
 * @param agent whose task it is; its record names who may start one
 * @returns the task's id
 * @throws Refused with the code `exists` for what has started one already; Denied beyond the agent's ceiling, and
 *   while it works for somebody at the same resource; Unreachable
 */
export async function startTask(instance: Instance, agent: string, request: StartRequest): Promise<string> {
  const { purpose, grants, expiresIn, incident, runbook, plan, trigger } = request;
  const answer = await instance.ask("POST", `/agents/${encodeURIComponent(agent)}/tasks`, {
    purpose,
    grants: grants as unknown as Json,
    ...(trigger === undefined ? {} : { trigger: { ...trigger } }),
    ...(expiresIn === undefined ? {} : { expires_in: expiresIn }),
    ...(incident === undefined ? {} : { incident: { ...incident } }),
    ...(runbook === undefined ? {} : { runbook }),
    ...(plan === undefined ? {} : { plan: plan as unknown as Json }),
  });
  if (typeof answer.id === "string") return answer.id;
  throw new Unreachable("the control plane answered no task");
}

/**
 * Ends a task that this process opened or started. Whatever authority was given for it is dead from then on.
 *
 * @throws Refused, Unreachable
 */
export async function closeTask(instance: Instance, task: string): Promise<void> {
  await instance.ask("POST", `/tasks/${encodeURIComponent(task)}/close`, {});
}

/** How a step of a task's plan stands, as the agent that works on it says. */
export interface StepReport {
  readonly task: string;
  /** From 1. */
  readonly step: number;
  readonly state: "started" | "done" | "failed";
  /** What shows it: at most 8,000 characters of JSON, kept out of the log, which is bound to it. */
  readonly evidence?: Json;
}

/**
 * Tells how a step stands.
 *
 * @throws Refused when it does not stand so that this could be said of it; Unreachable
 */
export async function reportStep(instance: Instance, { task, ...report }: StepReport): Promise<void> {
  await instance.ask("POST", `/tasks/${encodeURIComponent(task)}/steps`, { ...report });
}
