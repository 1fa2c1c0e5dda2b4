import type { Runtime } from "./runtime.ts";

/** How far the clock may be set back before nobody knows whether the machine has slept since. Milliseconds. */
const mostSetBack = 2_000;

/**
 * Tells how much time has passed by two clocks, each of which may stand still: the one that is never set does while
 * the machine sleeps, the other one goes back when it is set. The further one counts.
 */
export class Stopwatch {
  readonly #runtime: Pick<Runtime, "now" | "elapsed">;
  /** How far the clock that may be set was ahead of the other, at most. */
  #ahead: number;

  constructor(runtime: Pick<Runtime, "now" | "elapsed">) {
    this.#runtime = runtime;
    this.#ahead = runtime.now() - runtime.elapsed();
  }

  /** Milliseconds since some moment. After the clock was set back by much, infinitely many. */
  elapsed(): number {
    const elapsed = this.#runtime.elapsed();
    const ahead = this.#runtime.now() - elapsed;
    if (ahead < this.#ahead - mostSetBack) return Number.POSITIVE_INFINITY;
    this.#ahead = Math.max(this.#ahead, ahead);
    return elapsed + this.#ahead;
  }
}
