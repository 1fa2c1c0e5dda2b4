import type { EvaluationError } from "../error.ts";
import { isLong, type Long, longFrom } from "../long.ts";
import { extensionError } from "./extension-error.ts";

const decimalForm = /^(-?)([0-9]+)\.([0-9]+)$/;

/**
 * Cedar's `decimal`: a signed 64-bit number of ten-thousandths.
 *
 * @see Cedar language reference, "decimal"
 */
export class Decimal {
  /** The value times 10,000, in the canonical form of a Long. */
  readonly units: Long;

  constructor(units: Long) {
    this.units = units;
  }

  get typeName(): "decimal" {
    return "decimal";
  }

  equals(other: unknown): boolean {
    return other instanceof Decimal && this.units === other.units;
  }

  lessThan(other: Decimal): boolean {
    return this.units < other.units;
  }

  lessThanOrEqual(other: Decimal): boolean {
    return this.units <= other.units;
  }

  greaterThan(other: Decimal): boolean {
    return this.units > other.units;
  }

  greaterThanOrEqual(other: Decimal): boolean {
    return this.units >= other.units;
  }

  /** The shortest text that `parseDecimal` reads as an equal value. */
  toString(): string {
    const negative = this.units < 0;
    const digits = String(this.units).replace("-", "").padStart(5, "0");
    const fraction = digits.slice(-4).replace(/0{1,3}$/, "");
    return `${negative ? "-" : ""}${digits.slice(0, -4)}.${fraction}`;
  }
}

/**
 * Reads what stands between the quotes of `decimal("…")`.
 *
 * @param text digits, a point, one to four digits, perhaps after a minus: "-12.50"
 * @throws EvaluationError when the text has another form or the value needs more than 64 bits
 */
export function parseDecimal(text: string): Decimal {
  const [, sign, whole, fraction] = decimalForm.exec(text) ?? [];
  if (whole === undefined || fraction === undefined) {
    throw extensionError("decimal", "A decimal is written as digits, a point and one to four digits.");
  }
  if (fraction.length > 4)
    throw extensionError("decimal", "A decimal has at most four digits after its point.");
  return new Decimal(scaled(sign === "-", whole, fraction));
}

/** Sixteen digits without their leading zeros are too many already: hostile lengths are never computed with. */
function scaled(negative: boolean, whole: string, fraction: string): Long {
  const significant = whole.replace(/^0+/, "");
  if (significant.length > 15) throw outOfRange();
  const units = BigInt(significant + fraction.padEnd(4, "0"));
  const signed = negative ? -units : units;
  if (!isLong(signed)) throw outOfRange();
  return longFrom(signed);
}

function outOfRange(): EvaluationError {
  return extensionError("decimal", "The decimal is outside the range of 64 bits.");
}
