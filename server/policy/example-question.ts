import type { Json } from "@countersign/proof/jcs";
import { z } from "zod";
import { type PersonId, STRENGTHS } from "../lib/index.ts";
import {
  AGENT_CLASSES,
  AGENT_STATES,
  type Agent,
  AUTONOMIES,
  CRITICALITIES,
  ENVIRONMENTS,
  type Person,
  SENSITIVITIES,
  TRIGGERS,
} from "../registry/index.ts";
import { exampleCircumstances, givenCircumstances } from "./example-circumstances.ts";
import type { GivenTool } from "./example-tool.ts";
import { momentOf } from "./local-time.ts";
import { present } from "./present.ts";
import type { Question } from "./question.ts";

export { type GivenTool, givenTool } from "./example-tool.ts";

const SEVERITIES = ["P1", "P2", "P3", "P4"] as const;

/** A Thursday, 09:00 UTC. */
const EXAMPLE_NOW = Date.UTC(2026, 0, 1, 9);

const agent = z
  .strictObject({
    name: z.string(),
    class: z.enum(AGENT_CLASSES),
    purpose: z.string(),
    environment: z.enum(ENVIRONMENTS),
    owner: z.string(),
    team: z.string(),
    region: z.string(),
    version: z.string(),
    model: z.string(),
    deployment: z.string(),
    autonomy: z.enum(AUTONOMIES),
    sensitivity: z.enum(SENSITIVITIES),
    criticality: z.enum(CRITICALITIES),
    triggers: z.array(z.enum(TRIGGERS)),
    status: z.enum(AGENT_STATES),
  })
  .partial();

const person = z
  .strictObject({
    id: z.string(),
    groups: z.array(z.string()),
    department: z.string(),
    manager: z.string(),
    limits: z.record(z.string(), z.int()),
    status: z.enum(["active", "suspended", "left"]),
    source: z.string(),
  })
  .partial();

const incident = z.strictObject({ id: z.string().default("INC-1"), severity: z.enum(SEVERITIES) });
const runbook = z.strictObject({ name: z.string(), steps: z.array(z.string()) });
const plan = z.strictObject({ tools: z.array(z.string()), step: z.int().min(1).optional() });

/** What a policy's test says of its question; all else is an ordinary call by an ordinary agent. */
export const givenQuestion = z.strictObject({
  action: z.enum(["call", "delegate", "register", "lend", "approve", "administer"]).default("call"),
  tool: z.string().optional(),
  args: z.record(z.string(), z.json()).default({}),
  /** `none` for a person or a service that acts itself. */
  agent: z.union([z.literal("none"), agent]).default({}),
  /** `none` for an agent that acts on its own standing authority. */
  person: z.union([z.literal("none"), person]).default({}),
  task: z
    .strictObject({
      purpose: z.string(),
      started_by: z.string(),
      incident,
      runbook,
      plan,
      break_glass: z.boolean(),
      consent: z.enum(["passkey", "company-sign-in", "none"]),
    })
    .partial()
    .default({}),
  /** The agents of the chain, root first; the last one acts. */
  chain: z.array(z.string()).min(1).optional(),
  /** Whether the chain covers it. */
  covered: z.boolean().default(true),
  strength: z.enum(STRENGTHS).default("enrolled-key"),
  resource: z.strictObject({ name: z.string(), location: z.string() }).partial().default({}),
  delegate: z
    .strictObject({ to: z.string(), to_class: z.string(), grants: z.array(z.string()), depth: z.int() })
    .optional(),
  ...givenCircumstances,
  /** With Z or an offset; without either, as clocks in the zone show it. */
  now: z.iso.datetime({ local: true, offset: true }).optional(),
});
export type GivenQuestion = z.output<typeof givenQuestion>;

/**
 * The whole question that a test's few words stand for.
 * @param tools the test's own
 */
export function exampleQuestion(
  given: GivenQuestion,
  tools: Readonly<Record<string, GivenTool>> = {},
): Question {
  const who = {
    ...(given.agent === "none" ? {} : { agent: exampleAgent(given.agent) }),
    ...(given.person === "none" ? {} : { person: examplePerson(given.person) }),
  };
  const acting = who.agent?.name ?? "none";
  const now = momentGiven(given);
  return {
    action: given.action,
    ...(given.tool === undefined ? {} : { tool: given.tool }),
    ...who,
    strength: given.strength,
    ...(who.agent === undefined || standsAlone(given) ? {} : chainOf(given, acting)),
    authority: { covered: given.covered, missing: [] },
    resource: { location: "https://example.com/", name: "example", ...present(given.resource) },
    args: given.args as Record<string, Json>,
    holder: "edge_example",
    ...(given.delegate === undefined ? {} : { delegate: delegateOf(given.delegate) }),
    circumstances: exampleCircumstances(given, tools, now),
    now,
  };
}

/** Nobody asked, and there is no task either: unless the test says what started one. */
const standsAlone = ({ person, task }: GivenQuestion): boolean =>
  person === "none" && task.started_by === undefined;

function momentGiven({ now, zone }: GivenQuestion): number {
  if (now === undefined) return EXAMPLE_NOW;
  return /(?:Z|[+-]\d\d:?\d\d)$/.test(now) ? Date.parse(now) : momentOf(now, zone);
}

function chainOf({ chain, task }: GivenQuestion, acting: string): Pick<Question, "chain" | "task"> {
  const agents = chain ?? [acting];
  return {
    chain: { depth: agents.length, agents, hash: "" },
    task: {
      id: "task_example",
      purpose: task.purpose ?? "an example",
      startedBy: task.started_by ?? "person",
      agent: agents[0] ?? acting,
      ...present({
        incident: task.incident,
        runbook: task.runbook,
        breakGlass: task.break_glass,
        consent: task.consent,
      }),
      ...(task.plan === undefined ? {} : { plan: planned(task.plan) }),
    },
  };
}

const planned = ({ tools, step }: z.output<typeof plan>) => ({
  tools,
  ...(step === undefined ? {} : { step }),
});

const delegateOf = ({ to, to_class, grants, depth }: NonNullable<GivenQuestion["delegate"]>) => ({
  to,
  toClass: to_class,
  grants,
  depth,
});

const exampleAgent = (given: z.output<typeof agent>): Agent => ({
  name: "example-agent",
  class: "reporting",
  purpose: "an example",
  environment: "production",
  status: "active",
  created: EXAMPLE_NOW,
  grants: [],
  delegation: { max_depth: 4, grants: [], delegate_to: [], needs_person: [] },
  epoch: 1,
  access: 1,
  revision: 1,
  ...present(given),
  owner: (given.owner ?? "person_owner") as PersonId,
});

const examplePerson = (given: z.output<typeof person>): Person => ({
  name: "Example Person",
  email: "example@example.com",
  groups: [],
  limits: {},
  status: "active",
  source: "local",
  epoch: 1,
  created: EXAMPLE_NOW,
  revision: 1,
  ...present(given),
  id: (given.id ?? "person_example") as PersonId,
  manager: (given.manager ?? "person_manager") as PersonId,
});
