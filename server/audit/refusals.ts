import { z } from "zod";
import { Change, type DatabaseDeps } from "../database/index.ts";
import { type Caller, Fault, minutes, system } from "../lib/index.ts";
import { append } from "./append.ts";
import { type About, declareEvent } from "./event.ts";

export const requestRefused = declareEvent(
  "request.refused",
  "An authenticated caller, or one who offered a one-time proof, asked for something and was refused.",
  z.object({
    action: z.string(),
    code: z.string(),
    why: z.string(),
    details: z.record(z.string(), z.unknown()),
  }),
  "refusal",
);

export const refusalsCounted = declareEvent(
  "refusals.counted",
  "How often callers who proved nothing were refused, per network source, action and minute.",
  z.object({
    source: z.string(),
    action: z.string(),
    code: z.string(),
    /** Which check it failed, where the refusal says so to programs. */
    reason: z.string().optional(),
    minute: z.int(),
    count: z.int(),
  }),
  "refusal",
);

export interface RefusalDeps {
  readonly refusals: RefusalCounter;
}

interface Count {
  source: string;
  action: string;
  code: string;
  reason?: string;
  minute: number;
  count: number;
}

/** More distinct sources than this in a minute are counted together as "others". */
const MOST_COUNTS = 1_000;

/** Counts what strangers are refused, so that they can fill neither the log nor the memory. */
export class RefusalCounter {
  #counts = new Map<string, Count>();

  add(now: number, source: string, action: string, code: string, reason?: string): void {
    const minute = now - (now % minutes(1));
    const known = this.#counts.size < MOST_COUNTS ? source : "others";
    const key = `${minute} ${known} ${action} ${code} ${reason ?? ""}`;
    const count = this.#counts.get(key) ?? {
      source: known,
      action,
      code,
      ...(reason === undefined ? {} : { reason }),
      minute,
      count: 0,
    };
    count.count += 1;
    this.#counts.set(key, count);
  }

  /** Takes what has been counted, leaving nothing. */
  take(): Count[] {
    const taken = [...this.#counts.values()];
    this.#counts = new Map();
    return taken;
  }
}

/**
 * Records a refusal in a change of its own, with what the attempt burnt. Done once per fault: where an attempt
 * within another has recorded it, what the outer one burnt is burnt all the same.
 * @param attempted the change that was refused: what it wanted kept is kept
 * @throws Fault `unavailable` when it cannot be recorded: still a refusal
 */
export async function recordRefusal(
  deps: DatabaseDeps & RefusalDeps,
  caller: Caller,
  action: string,
  fault: Fault,
  attempted?: Change,
): Promise<void> {
  const kept = attempted?.keptOnRefusal ?? [];
  if (fault.recordedAs !== undefined && kept.length === 0) return;
  if (caller.kind === "nobody" && kept.length === 0) return count(deps, caller, action, fault);
  const change = new Change(deps.database);
  for (const step of kept) change.steps.push(step);
  if (fault.recordedAs === undefined) fault.recordedAs = appendRefusal(deps, change, caller, action, fault);
  await deps.database.commit(change).catch((cause) => {
    throw new Fault("unavailable", "The refusal could not be recorded.", {
      remedy: "Try again later.",
      cause,
    });
  });
}

/**
 * Records a refusal in a change that goes on to its commit, because what it does is part of refusing.
 * @returns the event's id, for `fault.recordedAs`
 */
export function appendRefusal(
  deps: DatabaseDeps & RefusalDeps,
  change: Change,
  caller: Caller,
  action: string,
  fault: Fault,
): string {
  const { about, ...details } = fault.record as { about?: About };
  const event = requestRefused(
    deps,
    caller,
    { ...selfOf(caller), ...about },
    {
      action,
      code: fault.code,
      why: fault.message,
      details,
    },
  );
  return append(change, event);
}

/** An agent's refusals stand in its own trail, whatever else they are about. */
const selfOf = ({ kind, principal }: Caller): About => (kind === "agent" ? { agent: principal } : {});

function count(deps: DatabaseDeps & RefusalDeps, caller: Caller, action: string, fault: Fault): void {
  fault.recordedAs = "counted";
  const { reason } = fault.members;
  const said = typeof reason === "string" ? reason : undefined;
  deps.refusals.add(deps.clock.now(), caller.source ?? "unknown", action, fault.code, said);
}

/** Writes what was counted to the log; main calls it every minute and before it stops. */
export async function flushRefusals(deps: DatabaseDeps & RefusalDeps): Promise<void> {
  const counts = deps.refusals.take();
  if (counts.length === 0) return;
  const change = new Change(deps.database);
  for (const count of counts) append(change, refusalsCounted(deps, system, {}, count));
  await deps.database.commit(change);
}
