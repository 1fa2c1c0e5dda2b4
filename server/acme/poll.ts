import type { OutsideAnswer } from "../http/index.ts";
import { seconds } from "../lib/index.ts";
import type { AcmeDeps } from "./acme-deps.ts";
import { retryAfterOf } from "./refusal.ts";

const SHORTEST = seconds(1);
const LONGEST = seconds(30);
/** So that what stays pending for ever ends, after ten minutes at most. */
const MOST = 20;

/**
 * Asks again until there is an end, as the authority says how often, and within bounds.
 * @param read what the answer says; nothing while it is not settled
 * @throws Error when there is no end
 */
export async function pollUntil<T>(
  { clock, wait }: AcmeDeps,
  ask: () => Promise<OutsideAnswer>,
  read: (answer: OutsideAnswer) => T | undefined,
): Promise<T> {
  for (let asked = 1; asked <= MOST; asked++) {
    const answer = await ask();
    const settled = read(answer);
    if (settled !== undefined) return settled;
    const pause = retryAfterOf(answer.headers, clock.now()) ?? seconds(asked);
    await wait(Math.min(Math.max(pause, SHORTEST), LONGEST));
  }
  throw new Error("the authority comes to no end");
}
