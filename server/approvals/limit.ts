import type { Question } from "../policy/index.ts";
import type { Person } from "../registry/index.ts";

/** Money that a call moves, as a request keeps it. */
export interface Sum {
  /** Ten-thousandths of a unit, as decimal digits: exact, and JSON. */
  readonly scaled: string;
  readonly currency: string;
}

/** Limits are whole units; sums are scaled. */
const SCALE = 10_000n;

/** What the call in question moves, where the tool declares an amount. */
export function sumOf({ circumstances }: Pick<Question, "circumstances">): Sum | undefined {
  const amount = circumstances?.tool?.amount;
  return amount && { scaled: String(amount.value), currency: amount.currency };
}

/**
 * Whether the sum lies above what the person behind the task may spend herself. A person without a limit in
 * this currency has none that could be passed.
 */
export function isAboveLimit(person: Person | undefined, sum: Sum | undefined): boolean {
  if (person === undefined || sum === undefined) return false;
  const limit = limitOf(person, sum);
  return limit !== undefined && BigInt(sum.scaled) > limit;
}

/** Whether a limit of her own covers the sum. Who has none in this currency vouches for nothing in it. */
export function coversSum(approver: Person, sum: Sum): boolean {
  const limit = limitOf(approver, sum);
  return limit !== undefined && BigInt(sum.scaled) <= limit;
}

function limitOf({ limits }: Person, { currency }: Sum): bigint | undefined {
  const units = Object.hasOwn(limits, currency) ? limits[currency] : undefined;
  return units === undefined ? undefined : BigInt(units) * SCALE;
}
