import { z } from "zod";
import type { PersonId } from "../lib/index.ts";
import { personId } from "./agent.ts";
import type { PersonStatus } from "./lifecycle.ts";
import { emailAddress, printableName } from "./printable.ts";
import { shortName } from "./taxonomy.ts";

/** A human. What she has to give to agents are the grants of her groups. */
export interface Person {
  readonly id: PersonId;
  readonly name: string;
  readonly email: string;
  readonly groups: readonly string[];
  readonly department?: string;
  readonly manager?: PersonId;
  /** The most she may spend or approve, in whole units, by currency (ISO 4217): `{ EUR: 20000 }`. */
  readonly limits: Readonly<Record<string, number>>;
  readonly status: PersonStatus;
  /** Where the record comes from: `local`, or the directory that feeds it. */
  readonly source: string;
  /** Raised when she is suspended or leaves: what was issued for her before is dead. */
  readonly epoch: number;
  readonly created: number;
  readonly revision: number;
}

const facts = {
  name: printableName,
  email: emailAddress,
  groups: z
    .array(shortName)
    .max(100)
    .transform((groups) => [...new Set(groups)].sort()),
  limits: z.record(
    z.string().regex(/^[A-Z]{3}$/, "A currency has three letters, such as EUR."),
    z.int().min(0),
  ),
};

/** What is said of a person when she is registered. */
export const personRegistration = z.strictObject({
  name: facts.name,
  email: facts.email,
  groups: facts.groups.default([]),
  department: printableName.optional(),
  manager: personId.optional(),
  limits: facts.limits.default({}),
  source: shortName.default("local"),
});
export type PersonRegistration = z.output<typeof personRegistration>;

/** What may be said anew. Absent: stays. `null`: is taken away. Groups and limits are said whole. */
export const personUpdate = z.strictObject({
  ...z.object(facts).partial().shape,
  department: printableName.nullable().optional(),
  manager: personId.nullable().optional(),
});
export type PersonUpdate = z.output<typeof personUpdate>;
