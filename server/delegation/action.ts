import type { Change, DatabaseDeps } from "../database/index.ts";
import type { AgentName, Id } from "../lib/index.ts";
import { finishActionRow, insertAction } from "./store-actions.ts";

/** By what right something was done: a person signed exactly this, consented to the task, or neither. */
export type Authority = "approved" | "instructed" | "autonomous";

/** One call that was made within a task: what the task's list of actions shows of it. */
export interface Action {
  readonly id: Id<"action">;
  readonly task: Id<"task">;
  readonly edge: Id<"edge">;
  readonly agent: AgentName;
  readonly instance: string;
  readonly jti: Id<"jti">;
  readonly tool: string;
  readonly labels: readonly string[];
  /** Commitment to the arguments. */
  readonly args: string;
  readonly authority: Authority;
  readonly calledAt: number;
  readonly outcome?: string;
  readonly returnedAt?: number;
}

/** Adds a call to its task's list of actions. */
export function recordAction(deps: DatabaseDeps, change: Change, action: Omit<Action, "calledAt">): void {
  insertAction(change, { ...action, calledAt: deps.clock.now() });
}

/** Notes how a call ended: once, and only for one that was recorded. */
export function finishAction(
  deps: DatabaseDeps,
  change: Change,
  action: Id<"action">,
  outcome: string,
): void {
  finishActionRow(change, action, outcome, deps.clock.now());
}
