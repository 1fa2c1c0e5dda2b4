import { Change, Conflict, type DatabaseDeps } from "../database/index.ts";
import { type Caller, Fault, isFailure, seconds } from "../lib/index.ts";
import { type RefusalDeps, recordRefusal } from "./refusals.ts";
import { waitInLine } from "./waiting-line.ts";

const DEADLINE = seconds(2);
const LONGEST_PAUSE_MS = 20;

export type PerformDeps = DatabaseDeps & RefusalDeps;

/**
 * Carries out one use case as one change. The attempt reads, decides and adds to the change; when another
 * change got in between, it decides again on fresh facts, until the deadline. A refusal is recorded in a
 * change of its own, with what must be kept of it (a burnt one-time proof), and changes nothing else.
 * @param action the audit name of what is attempted, such as `task.open`
 * @throws Fault the attempt's own; `busy` after the deadline; `unavailable` when a refusal cannot be recorded
 */
export async function perform<T>(
  deps: PerformDeps,
  caller: Caller,
  action: string,
  attempt: (change: Change) => Promise<T>,
): Promise<T> {
  // A request's deadline is about waiting, not about dates: the monotonic clock, which no test holds still.
  const deadline = performance.now() + DEADLINE;
  let contended: Change | undefined;
  while (performance.now() <= deadline) {
    const change = new Change(deps.database);
    const outcome = await waitInLine(contended?.locks ?? [], () =>
      attemptOnce(deps, caller, action, change, attempt),
    );
    if (outcome !== "conflict") return outcome.result;
    contended = change;
    await pause(deps);
  }
  throw new Fault("busy", "Too many requests change the same thing at this moment.", {
    remedy: "Try again shortly.",
  });
}

async function attemptOnce<T>(
  deps: PerformDeps,
  caller: Caller,
  action: string,
  change: Change,
  attempt: (change: Change) => Promise<T>,
): Promise<{ result: T } | "conflict"> {
  try {
    const result = await attempt(change);
    if (!change.isEmpty) await deps.database.commit(change);
    return { result };
  } catch (error) {
    if (error instanceof Conflict) return "conflict";
    if (error instanceof Fault && !isFailure(error.code))
      await recordRefusal(deps, caller, action, error, change);
    throw error;
  }
}

function pause(deps: PerformDeps): Promise<void> {
  const [chance = 0] = deps.random.bytes(1);
  return new Promise((resolve) => setTimeout(resolve, (LONGEST_PAUSE_MS * chance) / 255));
}
