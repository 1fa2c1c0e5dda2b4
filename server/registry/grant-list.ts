import { type Grant, parseGrant, uncovered } from "@countersign/proof/grant";
import type { Json } from "@countersign/proof/jcs";
import { z } from "zod";
import { Fault } from "../lib/index.ts";

/** The most grants that one record may hold: they stand whole in the event of their giving. */
const MOST_GRANTS = 60;

/** Grants in their wire form (RFC 9396 objects), read strictly: unknown members and constraints refuse. */
export const grantList = z
  .array(
    z
      .custom<object>((value) => typeof value === "object")
      .transform((attackerGrant, context): Grant => {
        try {
          return parseGrant(attackerGrant as Json);
        } catch (problem) {
          context.addIssue({
            code: "custom",
            message: `This is not a grant: ${(problem as Error).message}.`,
          });
          return z.NEVER;
        }
      }),
  )
  .max(MOST_GRANTS, `A record holds at most ${MOST_GRANTS} grants.`);

/**
 * The ceiling rule: nobody passes on what it does not have.
 * @throws Fault `invalid` naming the first grant that the ceiling does not cover
 */
export function requireUnderCeiling(
  agent: string,
  ceiling: readonly Grant[],
  delegable: readonly Grant[],
): void {
  const [beyond] = uncovered(ceiling, delegable);
  if (beyond === undefined) return;
  throw new Fault(
    "invalid",
    `The agent ${agent} may delegate only what it has itself; ${beyond.identifier} goes beyond.`,
    { remedy: "Widen the agent's own grants, or narrow what it may delegate." },
  );
}
