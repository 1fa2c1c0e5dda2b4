import type { Person } from "../registry/index.ts";
import type { Scaled, ToolFacts } from "./circumstances.ts";

/** Limits are whole units; sums are scaled. */
const SCALE = 10_000n;

/** What a person may spend or approve in a currency; nothing where nothing is said of it. */
export function limitIn({ limits }: Person, currency: string): Scaled | undefined {
  const units = Object.hasOwn(limits, currency) ? limits[currency] : undefined;
  return units === undefined ? undefined : BigInt(units) * SCALE;
}

/**
 * Whether the amount lies above what the person behind the task may spend herself. A person without a limit in
 * this currency has none that could be passed.
 */
export function isAboveLimit(
  person: Person | undefined,
  { value, currency }: NonNullable<ToolFacts["amount"]>,
): boolean {
  const limit = person && limitIn(person, currency);
  return limit !== undefined && value > limit;
}
