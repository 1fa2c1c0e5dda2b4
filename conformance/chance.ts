/** Chance that can be repeated: the seed is printed, and COUNTERSIGN_CONFORMANCE_SEED sets it. */
export interface Chance {
  readonly seed: number;
  /** A whole number from `least` up to, not including, `bound`. */
  between(least: number, bound: number): number;
}

export function chanceOfThisRun(): Chance {
  const seed = Number(process.env.COUNTERSIGN_CONFORMANCE_SEED ?? Date.now() % 1_000_000_000);
  let state = seed;
  const next = (): number => {
    // mulberry32: small, and good enough to pick a moment.
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { seed, between: (least, bound) => least + Math.floor(next() * (bound - least)) };
}

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Tries again until it succeeds or the time is up; then the last failure stands. */
export async function eventually<T>(within: number, attempt: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + within;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await pause(50);
    }
  }
}
