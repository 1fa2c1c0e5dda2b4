import type { EvaluationError } from "../error.ts";
import { isLong, type Long, longFrom } from "../long.ts";
import { extensionError } from "./extension-error.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
/** Milliseconds of a day. */
export const day = 24 * hour;

const durationForm = /^(-?)(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?$/;
const units = [day, hour, minute, second, 1];

/**
 * Cedar's `duration`: a signed 64-bit number of milliseconds.
 *
 * @see Cedar language reference, "duration"
 */
export class Duration {
  /** Milliseconds, in the canonical form of a Long. */
  readonly ms: Long;

  constructor(ms: Long) {
    this.ms = ms;
  }

  get typeName(): "duration" {
    return "duration";
  }

  equals(other: unknown): boolean {
    return other instanceof Duration && this.ms === other.ms;
  }

  lessThan(other: Duration): boolean {
    return this.ms < other.ms;
  }

  lessThanOrEqual(other: Duration): boolean {
    return this.ms <= other.ms;
  }

  toMilliseconds(): Long {
    return this.ms;
  }

  toSeconds(): Long {
    return wholeUnits(this.ms, second);
  }

  toMinutes(): Long {
    return wholeUnits(this.ms, minute);
  }

  toHours(): Long {
    return wholeUnits(this.ms, hour);
  }

  toDays(): Long {
    return wholeUnits(this.ms, day);
  }

  /** A text that `parseDuration` reads as an equal value. */
  toString(): string {
    return `${this.ms}ms`;
  }
}

/** How many whole units fit, rounded towards zero as Cedar does; exact over all 64 bits. */
function wholeUnits(ms: Long, unit: number): Long {
  if (typeof ms === "bigint") return longFrom(ms / BigInt(unit));
  return (ms - (ms % unit)) / unit;
}

/**
 * Reads what stands between the quotes of `duration("…")`.
 *
 * @param text amounts of d, h, m, s, ms in this order, each at most once, perhaps after one minus: "-1d12h"
 * @throws EvaluationError when the text has another form or the sum needs more than 64 bits
 */
export function parseDuration(text: string): Duration {
  const [, sign, ...amounts] = durationForm.exec(text) ?? [];
  const written = amounts.some((amount) => amount !== undefined);
  if (!written) {
    throw extensionError("duration", "A duration is written as amounts of d, h, m, s, ms in this order.");
  }
  return new Duration(total(sign === "-", amounts));
}

function total(negative: boolean, amounts: readonly (string | undefined)[]): Long {
  let sum = 0n;
  for (const [index, unit] of units.entries()) sum += amountOf(amounts[index] ?? "0") * BigInt(unit);
  const signed = negative ? -sum : sum;
  if (!isLong(signed)) throw outOfRange();
  return longFrom(signed);
}

/** Twenty digits without their leading zeros are too many already: hostile lengths are never computed with. */
function amountOf(digits: string): bigint {
  const significant = digits.replace(/^0+/, "");
  if (significant.length > 19) throw outOfRange();
  return BigInt(significant);
}

function outOfRange(): EvaluationError {
  return extensionError("duration", "The duration is outside the range of 64 bits.");
}
