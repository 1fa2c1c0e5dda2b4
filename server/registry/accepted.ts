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
  const problems = result.error.issues
    .slice(0, 3)
    .map(({ path, message }) => `${placeOf(path)}${visible(message)}`);
  throw new Fault("invalid", `The ${what} does not fit: ${problems.join(" ")}`, {
    remedy: "Correct it and try again.",
  });
}

const placeOf = (path: readonly PropertyKey[]): string =>
  path.length === 0 ? "" : `${visible(path.join("."))}: `;

/**
 * A message in which a name of the caller's making may stand (an unknown member's), with nothing in it that
 * does not show, and of bounded length.
 */
export const visible = (attackerText: string): string =>
  attackerText.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "?").slice(0, 300);
