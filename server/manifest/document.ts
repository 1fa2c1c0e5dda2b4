import { z } from "zod";
import { artifactRequirement, bindingSaid, entrySaid, platformDefinition } from "../attestation/index.ts";
import { serverDefinition, toolMembers } from "../catalog/index.ts";
import { identityProviderDefinition } from "../login/index.ts";
import { partnerDefinition } from "../oauth/index.ts";
import { agentRegistration, shortName, taskStarters, teamRegistration } from "../registry/index.ts";

/** A person in a manifest: her mail address, or her id. */
const personRef = z.string().min(1).max(254);

/** A right in a manifest: the short form, or the whole grant. */
const grantSaid = z.union([z.string().min(1).max(4_096), z.looseObject({ type: z.string() })], {
  error: "A grant is a short form such as reports/publish, or a whole grant.",
});
export type GrantSaid = z.output<typeof grantSaid>;
const grants = z.array(grantSaid).max(200);

const text = (what: string) => z.string({ error: `Put ${what} in quotes, so that it is read as text.` });

const agentFacts = agentRegistration.shape;

/** Ids are often numbers, and YAML reads some of those as others. */
const ruleSaid = z
  .looseObject({ claims: z.record(z.string(), text("each claim's value")) })
  .pipe(bindingSaid);

/** A manifest lies in a repository: what a cluster is asked with is given by hand, and stays as it was given. */
const platformSaid = platformDefinition.refine(({ review }) => review === undefined, {
  message: "A review holds a secret, and a manifest none: countersign platforms put --review-url.",
  path: ["review"],
});

const agentSpec = z.strictObject({
  class: agentFacts.class,
  purpose: agentFacts.purpose,
  environment: agentFacts.environment,
  owner: personRef,
  team: shortName.optional(),
  region: agentFacts.region,
  version: text("the version").pipe(agentFacts.version.unwrap()).optional(),
  model: agentFacts.model,
  deployment: agentFacts.deployment,
  expires: z
    .union([z.iso.datetime({ offset: true }), z.iso.date()], {
      error: "Write it as 2027-01-31 or 2027-01-31T12:00:00Z.",
    })
    .optional(),
  client: agentFacts.client.optional(),
  "dormant-after": z
    .string()
    .regex(/^[1-9][0-9]{0,3}[hd]$/, "Write it in hours or days: 12h, 30d.")
    .optional(),
  autonomy: agentFacts.autonomy,
  sensitivity: agentFacts.sensitivity,
  criticality: agentFacts.criticality,
  triggers: agentFacts.triggers,
  identity: z
    .record(shortName, entrySaid)
    .optional()
    .describe("By name: which processes, on which machines, are running copies of it."),
  platforms: z
    .record(shortName, ruleSaid)
    .optional()
    .describe("By platform: what its tokens must say, each claim exactly, to stand for the agent."),
  grants,
  delegation: z
    .strictObject({
      "max-depth": z.int().min(1).max(8).optional(),
      grants: grants.optional(),
      "delegate-to": z.array(shortName).max(100).optional(),
      "needs-person": z.array(z.string().min(1).max(200)).max(100).optional(),
      "max-children": z.int().min(0).max(1_000).optional(),
      "max-instances": z.int().min(1).max(100_000).optional(),
      shared: z.literal(true).optional(),
      starters: taskStarters.optional(),
    })
    .optional(),
});

/** What each kind of document says. Everything else is said in another way, or not at all. */
export const SPECS = {
  Team: z.strictObject({ lead: personRef, zone: teamRegistration.shape.zone }),
  Server: serverDefinition.omit({ id: true }),
  Tool: toolMembers.omit({ server: true, name: true }),
  Group: z.strictObject({ grants }),
  Agent: agentSpec,
  /** What every copy of the agent of this name must be made of. */
  Artifacts: artifactRequirement,
  /** Mostly written within its agent, as `identity`. */
  Entry: entrySaid,
  /** A platform whose word is taken for what runs on it. */
  Platform: platformSaid,
  /** Mostly written within its agent, as `platforms`. */
  PlatformRule: ruleSaid,
  /** A company's own sign-in, whose word about people is taken. */
  IdentityProvider: identityProviderDefinition,
  /** An authorization server of another domain, to which our word about people goes. */
  Partner: partnerDefinition,
  Policy: z.strictObject({
    text: z.string().max(100_000),
    tests: z.string().max(100_000).optional(),
    settings: z.string().max(20_000).optional(),
  }),
} as const;

export type Kind = keyof typeof SPECS;

/**
 * In the order in which they are applied: each may rely on those before it. Tools and policies are one step,
 * because each is checked against the other.
 */
export const KINDS: readonly Kind[] = [
  "Team",
  "Server",
  "Tool",
  "Policy",
  "Group",
  "Agent",
  "Artifacts",
  "Entry",
  "Platform",
  "PlatformRule",
  "IdentityProvider",
  "Partner",
];

/** One declared thing, and the line where its document begins. */
export type Declared = {
  [K in Kind]: {
    readonly kind: K;
    readonly name: string;
    readonly line: number;
    readonly spec: z.output<(typeof SPECS)[K]>;
  };
}[Kind];

export type DeclaredAs<K extends Kind> = Extract<Declared, { kind: K }>;

const TOOL_NAME = /^[a-z0-9][a-z0-9-]*[a-z0-9]\/[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const OF_AGENT = /^[a-z0-9][a-z0-9-]*[a-z0-9]\/[a-z0-9][a-z0-9-]*[a-z0-9]$/;

/** The names of each kind; agents' are checked by the registry's own rule. */
export const NAMES: Record<Kind, z.ZodType<string>> = {
  Team: shortName,
  Server: shortName,
  Tool: z.string().regex(TOOL_NAME, "A tool is named by its server: reports/publish."),
  Group: shortName,
  Agent: agentFacts.name,
  Artifacts: agentFacts.name,
  Entry: z.string().regex(OF_AGENT, "An entry is named by its agent: planner/main."),
  Platform: shortName,
  PlatformRule: z.string().regex(OF_AGENT, "A rule is named by its agent and the platform: planner/builds."),
  IdentityProvider: shortName,
  Partner: shortName,
  Policy: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "A policy's name has a-z, 0-9 and -."),
};
