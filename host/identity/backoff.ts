const FIRST = 1_000;
const LONGEST = 30_000;

/**
 * How long to wait before the next attempt, in milliseconds: twice as long each time, half of it by chance.
 * @param failures so far, at least one
 * @param random from 0 up to 1
 */
export function backoff(failures: number, random: number): number {
  const most = Math.min(LONGEST, FIRST * 2 ** Math.min(failures - 1, 16));
  return most / 2 + (most / 2) * random;
}
