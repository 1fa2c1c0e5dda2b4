import type { Grant } from "@countersign/proof/grant";
import { z } from "zod";
import { type AgentName, isId, type PersonId, type Strength } from "../lib/index.ts";
import { type AgentClient, agentClient } from "./client.ts";
import { grantList } from "./grant-list.ts";
import type { AgentStatus } from "./lifecycle.ts";
import { printableText, technicalWord } from "./printable.ts";
import { defined, same, withoutNull } from "./record.ts";
import { dormantAfter } from "./silence.ts";
import {
  type AgentClass,
  type Autonomy,
  agentClass,
  autonomy,
  type Criticality,
  criticality,
  type Environment,
  environment,
  principalName,
  type Sensitivity,
  sensitivity,
  shortName,
  type Trigger,
  triggers,
} from "./taxonomy.ts";

/** The depth of a chain where the record says nothing, and the deepest one at all. */
const DEFAULT_DEPTH = 4;
const MOST_DEPTH = 8;

/** What an agent may pass on, and to whom. */
export interface DelegationRules {
  /** How many links a chain through this agent may have. */
  readonly max_depth: number;
  /** The most that may be delegated: covered by the agent's own grants. */
  readonly grants: readonly Grant[];
  /** The agents it may delegate to; none unless named. */
  readonly delegate_to: readonly AgentName[];
  /** Identifiers of tools for which a person must say yes each time. */
  readonly needs_person: readonly string[];
  /** How many agents it may have registered at a time; none unless said. */
  readonly max_children?: number;
  /** How many running copies it may have at a time. */
  readonly max_instances?: number;
  /** Whether one running copy may work on several open tasks at a time. */
  readonly shared?: true;
  /** Who may start tasks on its standing authority: `itself`, and services by id; nobody unless named. */
  readonly starters?: readonly string[];
}

/** A registered, owned kind of software actor. Times in milliseconds since the epoch. */
export interface Agent {
  readonly name: AgentName;
  readonly class: AgentClass;
  readonly purpose: string;
  readonly environment: Environment;
  readonly region?: string;
  readonly version?: string;
  readonly model?: string;
  readonly deployment?: string;
  /** The person answerable for it. */
  readonly owner: PersonId;
  readonly team?: string;
  readonly created: number;
  readonly lastActive?: number;
  readonly expires?: number;
  readonly status: AgentStatus;
  /** Since when nobody has proven to be it as it is declared: evidence from before does not make it active. */
  readonly unattestedSince?: number;
  /** How long it may be silent (ms) before it is dormant; the server's own span where nothing is said. */
  readonly dormantAfter?: number;
  /** Since when nobody answers for it: its owner has left. Until `graceEnds` it goes on. */
  readonly orphanedSince?: number;
  readonly graceEnds?: number;
  /** The owners who gave it away by themselves. They still count as involved when people decide about it. */
  readonly givenAwayBy?: readonly PersonId[];
  /** The word under which its changes are told to those who were told of it. */
  readonly watch?: string;
  /** How much it does without being asked. */
  readonly autonomy?: Autonomy;
  /** The most sensitive data that it may come to see. */
  readonly sensitivity?: Sensitivity;
  /** How much hangs on it. */
  readonly criticality?: Criticality;
  /** What may set it to work. */
  readonly triggers?: readonly Trigger[];
  /** Its ceiling: no delegation to it gives more. */
  readonly grants: readonly Grant[];
  readonly delegation: DelegationRules;
  /** How people start it as an interactive client; absent where processes of ours enrol. */
  readonly client?: AgentClient;
  /** The strength of its latest credential; absent until it has enrolled. */
  readonly strength?: Strength;
  /** Raised when what was issued before must die: on suspension, and when its grants are narrowed. */
  readonly epoch: number;
  /** Raised when it loses access by somebody's word, or its class: what others gave it before must stay dead. */
  readonly access: number;
  /** Counts the changes of this record. */
  readonly revision: number;
  /** The agent that registered it within a task; an administrator's own have none. */
  readonly parent?: AgentName;
  /** What it was registered under: when one of these dead keys dies, it has ended. */
  readonly under?: readonly string[];
}

/** A person's id, in a body or a path. */
export const personId = z
  .string()
  .refine((text): text is PersonId => isId(text, "person"), "This is not the id of a person (person_...).");

/** Who may start tasks that no person asks for. */
export const taskStarters = z
  .array(
    z
      .string()
      .refine((text) => text === "itself" || isId(text, "service"), "Write `itself` or a service's id."),
  )
  .max(50)
  .describe(
    "Who may start tasks on its standing authority: `itself`, and schedulers or event sources by id.",
  );

const delegation = z.strictObject({
  max_depth: z
    .int()
    .min(1)
    .max(MOST_DEPTH, `A chain has at most ${MOST_DEPTH} links.`)
    .default(DEFAULT_DEPTH),
  grants: grantList.optional(),
  delegate_to: z.array(principalName).max(100).default([]),
  needs_person: z.array(z.string().min(1).max(200)).max(100).default([]),
  max_children: z
    .int()
    .min(0)
    .max(1_000)
    .optional()
    .describe("Agents that it may have registered at a time."),
  max_instances: z
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe("Running copies that it may have at a time."),
  shared: z.literal(true).optional().describe("One running copy may work on several open tasks at a time."),
  starters: taskStarters.optional(),
});

const described = {
  class: agentClass,
  purpose: printableText(500),
  environment,
  owner: personId,
  grants: grantList,
};

const optionalFacts = {
  team: shortName,
  region: technicalWord,
  version: technicalWord,
  model: technicalWord,
  deployment: technicalWord,
  expires: z.int().positive(),
  client: agentClient,
  dormantAfter,
  autonomy,
  sensitivity,
  criticality,
  triggers,
};

/** What is said of an agent when it is registered. Naming rules and the taxonomy are enforced here. */
export const agentRegistration = z.strictObject({
  name: principalName,
  ...described,
  ...z.object(optionalFacts).partial().shape,
  delegation: delegation.optional(),
});
export type AgentRegistration = z.output<typeof agentRegistration>;

/** What may be said anew. Absent: stays. `null`: is taken away. Delegation rules are said whole. */
export const agentUpdate = z.strictObject({
  ...z.object(described).partial().shape,
  team: optionalFacts.team.nullable().optional(),
  region: optionalFacts.region.nullable().optional(),
  version: optionalFacts.version.nullable().optional(),
  model: optionalFacts.model.nullable().optional(),
  deployment: optionalFacts.deployment.nullable().optional(),
  expires: optionalFacts.expires.nullable().optional(),
  client: optionalFacts.client.nullable().optional(),
  dormantAfter: optionalFacts.dormantAfter.nullable().optional(),
  autonomy: optionalFacts.autonomy.nullable().optional(),
  sensitivity: optionalFacts.sensitivity.nullable().optional(),
  criticality: optionalFacts.criticality.nullable().optional(),
  triggers: optionalFacts.triggers.nullable().optional(),
  delegation: delegation.optional(),
});
export type AgentUpdate = z.output<typeof agentUpdate>;

/** What kills all that was delegated to an agent, and by it, before it lost access. */
export const accessKeyOf = ({ name, access }: Pick<Agent, "name" | "access">): string =>
  `agent:${name}/access#${access}`;

/** Whatever carries the key of the agent's epoch needs none of its access, which never ends without it. */
export const isAccessKey = (key: string): boolean => /^agent:[a-z0-9-]+\/access#/.test(key);

/** Delegation rules as they stand: where nothing is said, all of the ceiling, but to nobody. */
export function delegationRules(
  ceiling: readonly Grant[],
  said: AgentRegistration["delegation"],
): DelegationRules {
  const { max_depth = DEFAULT_DEPTH, grants = ceiling, delegate_to = [], needs_person = [] } = said ?? {};
  const { max_children, max_instances, shared, starters } = said ?? {};
  const more = defined({ max_children, max_instances, shared, starters });
  return { max_depth, grants, delegate_to, needs_person, ...more };
}

/** The agent as an update leaves it. Delegation that was the whole ceiling stays the whole ceiling. */
export function updatedAgent(agent: Agent, update: AgentUpdate): Agent {
  const { delegation: said, ...facts } = update;
  const grants = update.grants ?? agent.grants;
  const whole = same(agent.delegation.grants, agent.grants);
  const kept = whole ? { ...agent.delegation, grants } : agent.delegation;
  return withoutNull(agent, {
    ...facts,
    delegation: said === undefined ? kept : delegationRules(grants, said),
  });
}
