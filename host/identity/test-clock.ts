/** For tests only: a clock that goes on when it is told to. */
import { TEST_EPOCH } from "../../proof/svid/test-authority.ts";
import type { HostClock } from "./ports.ts";

export interface TestClock extends HostClock {
  /** Goes on by so many milliseconds, calling back on the way whoever asked for it, and lets all of it settle. */
  advance(milliseconds: number): Promise<void>;
  /** How many wait to be called back. */
  waiting(): number;
}

/** @param isWorking whether something is under way that no clock tells of */
export function testClock(isWorking: () => boolean): TestClock {
  let [now, last] = [TEST_EPOCH, 0];
  const calls = new Map<number, { at: number; call: () => void }>();
  const next = (): [number, { at: number; call: () => void }] | undefined =>
    [...calls].sort(([one, { at: a }], [other, { at: b }]) => a - b || one - other)[0];

  /** Until nothing is under way that does not wait for this clock. */
  async function settled(): Promise<void> {
    for (let quiet = 0; quiet < 4; quiet = isWorking() ? 0 : quiet + 1)
      await new Promise((resolve) => setImmediate(resolve));
  }

  return {
    now: () => now,
    waiting: () => calls.size,
    after(milliseconds, call) {
      const id = ++last;
      calls.set(id, { at: now + milliseconds, call });
      return () => void calls.delete(id);
    },
    async advance(milliseconds) {
      const until = now + milliseconds;
      await settled();
      for (let due = next(); due !== undefined && due[1].at <= until; due = next()) {
        const [id, { at, call }] = due;
        calls.delete(id);
        now = Math.max(now, at);
        call();
        await settled();
      }
      now = until;
    },
  };
}
