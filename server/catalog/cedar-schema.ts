import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { argumentsRecord, type CedarType } from "./cedar-type.ts";
import { LABELS, type Tool } from "./tool.ts";

interface CedarAction {
  memberOf?: { id: string }[];
  appliesTo?: { principalTypes: string[]; resourceTypes: string[]; context: CedarType };
}

interface CedarEntity {
  memberOfTypes?: string[];
  shape?: CedarType;
  tags?: CedarType;
}

/** Cedar's JSON schema, all in the empty namespace. */
export interface CedarSchema {
  "": {
    commonTypes: Record<string, CedarType>;
    entityTypes: Record<string, CedarEntity>;
    actions: Record<string, CedarAction>;
  };
}

const text: CedarType = { type: "String" };
const long: CedarType = { type: "Long" };
const texts: CedarType = { type: "Set", element: text };
const record = (attributes: Record<string, CedarType>) => ({ type: "Record", attributes }) as const;
const common = (name: string): CedarType => ({ type: "EntityOrCommon", name });
const optional = (type: CedarType): CedarType => ({ ...type, required: false });

/**
 * Who and what a policy can speak of. People, agents and teams are named inside attributes by id, never by
 * reference: a decision is given only those entities that take part in it, so that whatever validates can
 * also be evaluated.
 */
const ENTITY_TYPES: Record<string, CedarEntity> = {
  Group: {},
  Team: {},
  Person: {
    memberOfTypes: ["Group"],
    shape: record({
      id: text,
      department: optional(text),
      manager: optional(text),
      status: text,
      source: text,
    }),
    // Limits in whole units, by currency: `context.person.hasTag("EUR") && context.person.getTag("EUR") >= 500`.
    tags: long,
  },
  Agent: {
    memberOfTypes: ["Team"],
    shape: record({
      name: text,
      class: text,
      purpose: text,
      environment: text,
      owner: text,
      team: optional(text),
      region: optional(text),
      version: optional(text),
      model: optional(text),
      deployment: optional(text),
      status: text,
    }),
  },
  Service: { shape: record({ id: text, name: text, owner: text }) },
  /** The server whose tool is called, or Countersign itself for its own actions. */
  Resource: { memberOfTypes: ["Team"], shape: record({ name: text, location: text }) },
};

const COMMON_TYPES: Record<string, CedarType> = {
  /** Absent where nobody delegated: then the agent acts on its own standing authority. */
  Chain: record({ depth: long, agents: texts }),
  Authority: record({ covered: { type: "Boolean" } }),
  Task: record({ id: text, purpose: text, started_by: text }),
  /** UTC. `epoch` in seconds; `weekday` 1 is Monday. */
  Now: record({ epoch: long, hour: long, weekday: long }),
  Delegate: record({ to: text, to_class: text, grants: texts, depth: long }),
};

/** What every decision sees besides its arguments. `person` is the human at the root of the chain. */
const CONTEXT: Record<string, CedarType> = {
  person: optional(common("Person")),
  chain: optional(common("Chain")),
  task: optional(common("Task")),
  authority: common("Authority"),
  strength: text,
  risk: long,
  now: common("Now"),
};

const context = (args: CedarType, more: Record<string, CedarType> = {}): CedarType =>
  record({ ...CONTEXT, args, ...more });

const applies = (principalTypes: string[], of: CedarType): CedarAction => ({
  appliesTo: { principalTypes, resourceTypes: ["Resource"], context: of },
});

const optionalTexts = (...names: string[]): CedarType =>
  record(Object.fromEntries(names.map((name) => [name, optional(text)])));

/** Countersign's own decided actions. */
const OWN_ACTIONS: Record<string, CedarAction> = {
  delegate: applies(["Agent"], context(record({}), { delegate: common("Delegate") })),
  lend: applies(["Agent"], context(record({}))),
  register: applies(
    ["Person", "Agent", "Service"],
    context(optionalTexts("name", "class", "environment", "owner", "team")),
  ),
  approve: applies(["Person"], context(optionalTexts("requirement", "tool", "agent"))),
  administer: applies(["Person", "Service"], context(optionalTexts("verb"))),
};

/**
 * The schema that policies are validated against: one action per pinned tool, a member of `call` and of its
 * labels, whose context holds its arguments in the types of its input schema.
 * @returns the schema and the base64url SHA-256 of its canonical JSON
 */
export function cedarSchemaOf(tools: readonly Tool[]): { schema: CedarSchema; digest: string } {
  const groups = ["call", ...LABELS].map((name) => [name, {}] as const);
  const perTool = tools.map((tool) => [tool.identifier, actionOf(tool)] as const);
  const actions = { ...Object.fromEntries(groups), ...OWN_ACTIONS, ...Object.fromEntries(perTool) };
  const schema: CedarSchema = { "": { commonTypes: COMMON_TYPES, entityTypes: ENTITY_TYPES, actions } };
  return { schema, digest: sha256Base64url(canonicalize(schema as unknown as Json)) };
}

const actionOf = (tool: Tool): CedarAction => ({
  memberOf: ["call", ...tool.labels].map((id) => ({ id })),
  ...applies(["Agent"], context(argumentsRecord(tool.inputSchema))),
});
