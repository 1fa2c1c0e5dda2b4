import { minutes } from "../lib/index.ts";

/** However little is left of a certificate: an authority is not asked again at once for what it has just given. */
const SOONEST = minutes(3);

/**
 * When the next certificate is due: when two thirds of what is left of this one are over, a little apart from all
 * others. Reckoned from now and not from its beginning, so that it always lies ahead.
 * @param expires when it ends, in milliseconds as everything here
 * @param at chance from 0 to 1
 */
export function renewalTime(expires: number, at: { readonly now: number; readonly chance: number }): number {
  const left = expires - at.now;
  const due = (left * 2) / 3 - left * 0.05 * at.chance;
  return Math.floor(at.now + Math.max(due, SOONEST));
}
