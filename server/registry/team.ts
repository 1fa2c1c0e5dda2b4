import { z } from "zod";
import type { PersonId } from "../lib/index.ts";
import { personId } from "./agent.ts";
import { shortName } from "./taxonomy.ts";

/** Who runs agents together. Policies judge time in its zone. */
export interface Team {
  readonly name: string;
  readonly lead: PersonId;
  /** An IANA time zone, such as `Europe/Berlin`. */
  readonly zone: string;
  readonly revision: number;
}

const zone = z.string().max(64).refine(isZone, "This is not an IANA time zone such as Europe/Berlin.");

/** What is said of a team: all of it, each time. */
export const teamRegistration = z.strictObject({
  name: shortName,
  lead: personId,
  zone: zone.default("UTC"),
});
export type TeamRegistration = z.output<typeof teamRegistration>;

function isZone(attackerZone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: attackerZone }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
