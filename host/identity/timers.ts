import type { HostClock } from "./ports.ts";

/** What is to be done later, by name: each name has one moment, and a new one takes the place of the old. */
export class Timers<Name extends string> {
  readonly #clock: HostClock;
  readonly #set = new Map<Name, () => void>();

  constructor(clock: HostClock) {
    this.#clock = clock;
  }

  set(name: Name, milliseconds: number, call: () => void): void {
    this.#set.get(name)?.();
    const cancel = this.#clock.after(Math.max(0, Math.min(milliseconds, LONGEST)), () => {
      if (this.#set.get(name) === cancel) this.#set.delete(name);
      call();
    });
    this.#set.set(name, cancel);
  }

  clear(): void {
    for (const cancel of this.#set.values()) cancel();
    this.#set.clear();
  }
}

/** What Node's own timers count to: anything longer would fire at once. */
const LONGEST = 2 ** 31 - 1;
