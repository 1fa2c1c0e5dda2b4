import { isLong, type Long, longFrom } from "../long.ts";
import { Duration, day } from "./duration.ts";
import { extensionError } from "./extension-error.ts";

const dateForm = /^([0-9]{4})-([0-9]{2})-([0-9]{2})/;
const timeForm = /^T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{3}))?(?:Z|([+-])([0-9]{2})([0-9]{2}))$/;
/** The first millisecond of the year 0000, and of the year 10000, which no text can name. */
const yearZero = -62_167_219_200_000;
const yearTenThousand = 253_402_300_800_000;
const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Cedar's `datetime`: a signed 64-bit number of milliseconds since 1970-01-01T00:00:00Z, no leap seconds.
 *
 * @see Cedar language reference, "datetime"
 */
export class Datetime {
  /** Milliseconds since the epoch, in the canonical form of a Long. */
  readonly epoch: Long;

  constructor(epoch: Long) {
    this.epoch = epoch;
  }

  get typeName(): "datetime" {
    return "datetime";
  }

  equals(other: unknown): boolean {
    return other instanceof Datetime && this.epoch === other.epoch;
  }

  lessThan(other: Datetime): boolean {
    return this.epoch < other.epoch;
  }

  lessThanOrEqual(other: Datetime): boolean {
    return this.epoch <= other.epoch;
  }

  /** This moment moved by a duration. @throws EvaluationError on overflow */
  offset(by: Duration): Datetime {
    return new Datetime(sum("offset", this.epoch, by.ms));
  }

  /** The time from the other moment to this one. @throws EvaluationError on overflow */
  durationSince(other: Datetime): Duration {
    return new Duration(sum("durationSince", this.epoch, -other.epoch));
  }

  /** The midnight (UTC) at or before this moment. @throws EvaluationError on overflow */
  toDate(): Datetime {
    return new Datetime(sum("toDate", this.epoch, -this.timeOfDay()));
  }

  /** The time since that midnight, never negative. */
  toTime(): Duration {
    return new Duration(this.timeOfDay());
  }

  private timeOfDay(): number {
    const rest = typeof this.epoch === "number" ? this.epoch % day : Number(this.epoch % BigInt(day));
    return (rest + day) % day;
  }

  /** A stable text, one per value: what `parseDatetime` reads, or far away the distance from the epoch. */
  toString(): string {
    if (this.epoch >= yearZero && this.epoch < yearTenThousand)
      return new Date(Number(this.epoch)).toISOString();
    return `1970-01-01${this.epoch < 0 ? "" : "+"}${this.epoch}ms`;
  }
}

function sum(method: string, one: Long, other: Long): Long {
  if (typeof one === "number" && typeof other === "number" && Number.isSafeInteger(one + other)) {
    return one + other;
  }
  return inRange(method, BigInt(one) + BigInt(other));
}

function inRange(method: string, ms: bigint): Long {
  if (!isLong(ms)) throw extensionError(method, "The result is outside the range of 64 bits.");
  return longFrom(ms);
}

/**
 * Reads what stands between the quotes of `datetime("…")`.
 *
 * @param text "2024-10-15", or with a time "2024-10-15T11:38:02Z", perhaps milliseconds ".101" after the
 *   seconds, perhaps an offset "+0530" in place of the Z
 * @throws EvaluationError when the text has another form or names a day or time that does not exist
 */
export function parseDatetime(text: string): Datetime {
  const date = dateForm.exec(text);
  if (date === null) throw extensionError("datetime", "A datetime starts with a date, YYYY-MM-DD.");
  const midnight = readDate(date);
  const rest = text.slice(10);
  return new Datetime(rest === "" ? midnight : midnight + readTime(rest));
}

function readDate(match: RegExpExecArray): number {
  const [, year = NaN, month = NaN, dayOfMonth = NaN] = match.map(Number);
  if (dayOfMonth < 1 || !(dayOfMonth <= daysIn(year, month))) {
    throw extensionError("datetime", "There is no such day in the calendar.");
  }
  return day * daysSinceEpoch(year, month, dayOfMonth);
}

function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && leap ? 29 : (monthDays[month - 1] ?? 0);
}

/** Date.UTC takes years below 100 for the 20th century, so the year is set by itself. */
function daysSinceEpoch(year: number, month: number, dayOfMonth: number): number {
  return new Date(0).setUTCFullYear(year, month - 1, dayOfMonth) / day;
}

/** Milliseconds from midnight UTC of the written day; an offset east of Greenwich makes it earlier. */
function readTime(text: string): number {
  const match = timeForm.exec(text);
  if (match === null)
    throw extensionError("datetime", "After the date stands Thh:mm:ss, perhaps .SSS, and Z or +hhmm.");
  const [hours = 0, minutes = 0, seconds = 0, ms = 0] = match.slice(1, 5).map((part) => Number(part ?? 0));
  if (hours > 23 || minutes > 59 || seconds > 59)
    throw extensionError("datetime", "There is no such time of day.");
  const offset = readOffset(match[5], Number(match[6] ?? 0), Number(match[7] ?? 0));
  return ((hours * 60 + minutes - offset) * 60 + seconds) * 1000 + ms;
}

/** The offset in minutes. */
function readOffset(sign: string | undefined, hours: number, minutes: number): number {
  if (hours > 23 || minutes > 59)
    throw extensionError("datetime", "The offset is at most 23 hours and 59 minutes.");
  return (sign === "-" ? -1 : 1) * (hours * 60 + minutes);
}
