import { isAboveLimit, limitIn, type Question } from "../policy/index.ts";
import type { Person } from "../registry/index.ts";

/** Money that a call moves, as a request keeps it. */
export interface Sum {
  /** Ten-thousandths of a unit, as decimal digits: exact, and JSON. */
  readonly scaled: string;
  readonly currency: string;
}

/** What the call in question moves, where the tool declares an amount. */
export function sumOf({ circumstances }: Pick<Question, "circumstances">): Sum | undefined {
  const amount = circumstances?.tool?.amount;
  return amount && { scaled: String(amount.value), currency: amount.currency };
}

/** Whether the sum lies above what the person behind the task may spend herself. */
export const isSumAboveLimit = (person: Person | undefined, { scaled, currency }: Sum): boolean =>
  isAboveLimit(person, { value: BigInt(scaled), currency });

/** Whether a limit of her own covers the sum. Who has none in this currency vouches for nothing in it. */
export function coversSum(approver: Person, { scaled, currency }: Sum): boolean {
  const limit = limitIn(approver, currency);
  return limit !== undefined && BigInt(scaled) <= limit;
}
