import { Change, Conflict, type DatabaseDeps } from "../database/index.ts";
import { type Caller, Fault, isFailure, seconds } from "../lib/index.ts";
import { type RefusalDeps, recordRefusal } from "./refusals.ts";
import { busy, Turn } from "./waiting-line.ts";

/** How long one use case may try. Waiting in line while others are done is no trying. */
const DEADLINE = seconds(2);
const LONGEST_PAUSE_MS = 20;
/** At the head of a line only other processes compete, one use case each. */
const LONGEST_PAUSE_IN_TURN_MS = 2;

export type PerformDeps = DatabaseDeps & RefusalDeps;

/**
 * Carries out one use case as one change. The attempt reads, decides and adds to the change; when another
 * change got in between, it decides again on fresh facts, until the deadline. A refusal is recorded in a
 * change of its own, with what must be kept of it (a burnt one-time proof), and changes nothing else.
 * @param action the audit name of what is attempted, such as `task.open`
 * @param attempt takes its turn before it reads what many contend for, where it knows beforehand that it will
 * @throws Fault the attempt's own; `busy` after the deadline; `unavailable` when a refusal cannot be recorded
 */
export async function perform<T>(
  deps: PerformDeps,
  caller: Caller,
  action: string,
  attempt: (change: Change, turn: Turn) => Promise<T>,
): Promise<T> {
  const turn = new Turn();
  try {
    return await tryUntilDone(deps, attempt, turn);
  } catch (error) {
    turn.leave(); // a refusal is recorded while the next one tries
    if (!(error instanceof Refused)) throw error;
    await recordRefusal(deps, caller, action, error.fault, error.change);
    throw error.fault;
  } finally {
    turn.leave();
  }
}

async function tryUntilDone<T>(
  deps: PerformDeps,
  attempt: (change: Change, turn: Turn) => Promise<T>,
  turn: Turn,
): Promise<T> {
  // A request's deadline is about waiting, not about dates: the monotonic clock, which no test holds still.
  const began = performance.now();
  for (;;) {
    const change = new Change(deps.database);
    const outcome = await attemptOnce(deps, change, attempt, turn);
    if (outcome !== "conflict") return outcome.result;
    if (performance.now() > Math.max(began, turn.since) + DEADLINE) throw busy();
    await turn.take(change.locks);
    await pause(deps, turn.held ? LONGEST_PAUSE_IN_TURN_MS : LONGEST_PAUSE_MS);
  }
}

async function attemptOnce<T>(
  deps: PerformDeps,
  change: Change,
  attempt: (change: Change, turn: Turn) => Promise<T>,
  turn: Turn,
): Promise<{ result: T } | "conflict"> {
  try {
    const result = await attempt(change, turn);
    if (!change.isEmpty) await deps.database.commit(change);
    return { result };
  } catch (error) {
    if (error instanceof Conflict) return "conflict";
    throw error instanceof Fault && !isFailure(error.code) ? new Refused(error, change) : error;
  }
}

/** An attempt that was refused, and what it wanted to change. */
class Refused extends Error {
  readonly fault: Fault;
  readonly change: Change;

  constructor(fault: Fault, change: Change) {
    super(fault.message);
    this.fault = fault;
    this.change = change;
  }
}

function pause(deps: PerformDeps, longest: number): Promise<void> {
  const [chance = 0] = deps.random.bytes(1);
  return new Promise((resolve) => setTimeout(resolve, (longest * chance) / 255));
}
