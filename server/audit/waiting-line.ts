import type { HotKey } from "../database/index.ts";
import { Fault, seconds } from "../lib/index.ts";

/** The last in line for each contended row of this process; a line that has emptied is forgotten. */
const lastInLine = new Map<HotKey, Promise<unknown>>();

/** Nobody waits for ever, however long the line. */
const LONGEST_WAIT = seconds(10);

/**
 * One use case's place in the lines for contended rows: whoever is at the head tries alone in this process,
 * and stays until it is done, so that a thousand that want the same are done in a thousand tries.
 * Only an optimisation: the rows themselves decide, whatever other processes do.
 */
export class Turn {
  #keys: ReadonlySet<HotKey> = new Set();
  #leave: () => void = () => {};
  /** When its turn came, by the monotonic clock, in milliseconds; 0 before. */
  since = 0;

  /** Whether it is at the head of any line. */
  get held(): boolean {
    return this.#keys.size > 0;
  }

  /**
   * Waits until it is at the head of all these lines, and of those it stands in already. They are entered
   * all at once, so two that want the same never wait for each other.
   * @throws Fault `busy` when that takes too long
   */
  async take(keys: Iterable<HotKey>): Promise<void> {
    const wanted = new Set([...this.#keys, ...keys]);
    if (wanted.size === this.#keys.size) return;
    this.leave();
    this.#keys = wanted;
    const before = Promise.all([...wanted].map((key) => lastInLine.get(key)));
    const done = new Promise<void>((resolve) => {
      this.#leave = resolve;
    });
    const mine = before.then(() => done);
    for (const key of wanted) lastInLine.set(key, mine);
    void mine.then(() => forget(wanted, mine));
    await inTime(before);
    this.since = performance.now();
  }

  /** Lets the next one try. */
  leave(): void {
    this.#leave();
    this.#keys = new Set();
  }
}

function forget(keys: Iterable<HotKey>, mine: Promise<unknown>): void {
  for (const key of keys) if (lastInLine.get(key) === mine) lastInLine.delete(key);
}

async function inTime(before: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(busy()), LONGEST_WAIT);
  });
  await Promise.race([before, tooLong]).finally(() => clearTimeout(timer));
}

export const busy = (): Fault =>
  new Fault("busy", "Too many requests change the same thing at this moment.", {
    remedy: "Try again shortly.",
  });
