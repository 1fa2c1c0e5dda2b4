import { z } from "zod";

/** What agents are for, coarsely: policies and reviews speak of agents by class. */
export const AGENT_CLASSES = [
  "analysis",
  "coding",
  "integration",
  "inventory",
  "monitoring",
  "operations",
  "planning",
  "procurement",
  "reporting",
  "research",
  "security",
  "support",
] as const;
export type AgentClass = (typeof AGENT_CLASSES)[number];

export const ENVIRONMENTS = ["development", "staging", "production"] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

/**
 * How much an agent does without being asked:
 * - `assistive`: it proposes, and a person does it
 * - `supervised`: it acts, and a person says yes to what matters
 * - `autonomous`: it acts by itself, within what it was given
 */
export const AUTONOMIES = ["assistive", "supervised", "autonomous"] as const;
export type Autonomy = (typeof AUTONOMIES)[number];

/** How much harm it does when the wrong people read it: of data that agents see and accounts open. */
export const SENSITIVITIES = ["public", "internal", "confidential", "restricted"] as const;
export type Sensitivity = (typeof SENSITIVITIES)[number];

/** How much hangs on an agent: when it stops, and when it does what it should not. */
export const CRITICALITIES = ["low", "medium", "high", "critical"] as const;
export type Criticality = (typeof CRITICALITIES)[number];

/** What may set an agent to work; tasks say which of them did. */
export const TRIGGERS = ["person", "agent", "schedule", "event"] as const;
export type Trigger = (typeof TRIGGERS)[number];

/** Names that would read as somebody else: Countersign itself, a role, a kind of principal. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set([
  "admin",
  "administrator",
  "agent",
  "anonymous",
  "auditor",
  "countersign",
  "everyone",
  "host",
  "nobody",
  "person",
  "root",
  "service",
  "system",
]);

/** The first letters of our ids (`person_…`) cannot begin a name, because names have no underscore. */
const NAME_RULE = /^[a-z0-9]([a-z0-9-]{1,61}[a-z0-9])$/;
const SHORT_NAME_RULE = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])$/;

const named = (rule: RegExp, shortest: number) =>
  z
    .string()
    .regex(
      rule,
      `A name has ${shortest} to 63 characters a-z, 0-9 and -, and neither starts nor ends with -.`,
    )
    .refine((name) => !RESERVED_NAMES.has(name), "This name is reserved; choose one that says what it does.");

/** The name of an agent or a service: part of its SPIFFE ID, and never given to another one. */
export const principalName = named(NAME_RULE, 3);

/** The name of a group, a team or a server: as principals, and two letters will do (`hr`, `it`). */
export const shortName = named(SHORT_NAME_RULE, 2);

/** One of a closed list; the refusal names them. */
export const choice = <Value extends string>(what: string, values: readonly [Value, ...Value[]]) =>
  z.enum(values, { error: `The ${what} is one of ${values.join(", ")}.` });

export const agentClass = choice("class", AGENT_CLASSES);
export const environment = choice("environment", ENVIRONMENTS);
export const autonomy = choice("autonomy", AUTONOMIES);
export const sensitivity = choice("sensitivity", SENSITIVITIES);
export const criticality = choice("criticality", CRITICALITIES);

/** Said as a set: their order means nothing, so it is always the same. */
export const triggers = z
  .array(choice("trigger", TRIGGERS))
  .min(1, "Name at least one trigger, or leave them out.")
  .max(20)
  .transform((said) => TRIGGERS.filter((trigger) => said.includes(trigger)));
