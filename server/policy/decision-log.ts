import { Change, type DatabaseDeps } from "../database/index.ts";
import { Fault, hours, seconds } from "../lib/index.ts";
import type { SealedDecision } from "./decision-record.ts";
import { deleteDecisionsBefore, insertDecisions } from "./store-decisions.ts";

const FLUSH_MS = 50;
const MOST_PER_FLUSH = 200;
/** So many may wait to be written; whoever brings more waits until there is room. */
const MOST_WAITING = 2_000;
const RETRY_MS = seconds(1);
const LONGEST_WAIT_MS = seconds(5);

/** How long decisions are kept, in milliseconds. */
export const DECISIONS_KEPT = hours(24 * 30);

/**
 * Decisions that let nothing happen, on their way to the database: written many at a time, a moment after
 * their answer. What lets something happen is never here, but in the change that lets it.
 */
export class DecisionLog {
  #waiting: SealedDecision[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #room: (() => void)[] = [];
  /** The last batch could not be written: the next attempt is the timer's. */
  #failing = false;

  /**
   * Takes a decision to be written soon. Where too many wait, the answer waits with them.
   * @throws Fault `unavailable` when they cannot be written for long
   */
  async add(deps: DatabaseDeps, decision: SealedDecision): Promise<void> {
    if (this.#waiting.length >= MOST_WAITING) await this.#untilRoom();
    this.#waiting.push(decision);
    if (this.#waiting.length >= MOST_PER_FLUSH && !this.#failing) void this.#write(deps);
    else this.#timer ??= setTimeout(() => void this.#write(deps), FLUSH_MS).unref();
  }

  /** Writes all that waits, before the server stops. What cannot be written is kept for the next time. */
  async flush(deps: DatabaseDeps): Promise<void> {
    await this.#writing;
    await this.#write(deps);
  }

  /** One batch after the other, so that the oldest are written first. */
  #write(deps: DatabaseDeps): Promise<void> {
    if (this.#writing !== undefined) return this.#writing;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writeAll(deps).finally(() => {
      this.#writing = undefined;
      if (this.#waiting.length > 0)
        this.#timer ??= setTimeout(() => void this.#write(deps), this.#failing ? RETRY_MS : FLUSH_MS).unref();
    });
    return this.#writing;
  }

  async #writeAll(deps: DatabaseDeps): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, MOST_PER_FLUSH);
      const change = new Change(deps.database);
      insertDecisions(change, batch);
      const written = await deps.database.commit(change).then(
        () => true,
        (error: Error) => this.#failed(deps, error),
      );
      this.#failing = !written;
      if (!written) return;
      this.#waiting.splice(0, batch.length);
      for (const proceed of this.#room.splice(0)) proceed();
    }
  }

  #failed(deps: DatabaseDeps, error: Error): false {
    deps.log.error({ error: error.message, waiting: this.#waiting.length }, "decisions wait to be written");
    return false;
  }

  async #untilRoom(): Promise<void> {
    const deadline = performance.now() + LONGEST_WAIT_MS;
    while (this.#waiting.length >= MOST_WAITING) {
      const rest = deadline - performance.now();
      if (rest <= 0) throw cannotRecord();
      await new Promise<void>((resolve) => {
        const giveUp = setTimeout(resolve, rest);
        this.#room.push(() => {
          clearTimeout(giveUp);
          resolve();
        });
      });
    }
  }
}

const cannotRecord = (): Fault =>
  new Fault("unavailable", "The decision could not be recorded.", { remedy: "Try again later." });

const MOST_FORGOTTEN = 1_000;

/** Forgets decisions that are older than they are kept: housekeeping, to be run every hour. */
export async function forgetOldDecisions(deps: DatabaseDeps): Promise<void> {
  for (let more = true; more; ) {
    const change = new Change(deps.database);
    const before = deps.clock.now() - DECISIONS_KEPT;
    more = await deleteDecisionsBefore(deps.database, change, before, MOST_FORGOTTEN);
    if (!change.isEmpty) await deps.database.commit(change);
  }
}
