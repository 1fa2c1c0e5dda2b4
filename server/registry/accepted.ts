import type { z } from "zod";
import { Fault } from "../lib/index.ts";

/**
 * What a schema makes of a value. Verbs check what they are told even when it did not come over HTTP.
 * @param what what the value describes, for the message: "agent reporter"
 * @throws Fault `invalid` naming the first problems by place; values are not repeated
 */
export function accepted<Schema extends z.ZodType>(
  what: string,
  schema: Schema,
  attackerValue: unknown,
): z.output<Schema> {
  const result = schema.safeParse(attackerValue);
  if (result.success) return result.data;
  const problems = result.error.issues.slice(0, 3).map(({ path, message }) => `${placeOf(path)}${message}`);
  throw new Fault("invalid", `The ${what} does not fit: ${problems.join(" ")}`, {
    remedy: "Correct it and try again.",
  });
}

const placeOf = (path: readonly PropertyKey[]): string =>
  path.length === 0 ? "" : `${printable(path.join("."))}: `;

const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 80);
