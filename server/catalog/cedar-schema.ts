import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { argumentsRecord, type CedarType } from "./cedar-type.ts";
import { LABELS, type Tool } from "./tool.ts";
import type { FactType } from "./tool-facts.ts";

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

/** What the settings of a set of policies are: for each file that has some, their types by name. */
export type SettingsTypes = Readonly<Record<string, Readonly<Record<string, CedarType>>>>;

const text: CedarType = { type: "String" };
const long: CedarType = { type: "Long" };
const truth: CedarType = { type: "Boolean" };
const decimal: CedarType = { type: "Extension", name: "decimal" };
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
      // Absent where nobody has said it: policies do well to take that for the worst.
      autonomy: optional(text),
      sensitivity: optional(text),
      criticality: optional(text),
      triggers: optional(texts),
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
  Authority: record({ covered: truth }),
  Task: record({
    id: text,
    purpose: text,
    started_by: text,
    incident: optional(common("Incident")),
    runbook: optional(common("Runbook")),
    plan: optional(common("Plan")),
    break_glass: truth,
    // `passkey`, or `company-sign-in` where nothing but the company's sign-in vouches for the person.
    consent: text,
  }),
  /** `severity` is P1 to P4. */
  Incident: record({ id: text, severity: text }),
  /** `declares`: whether the tool that is called is one of its steps. */
  Runbook: record({ name: text, declares: truth }),
  /** `declared`: whether the tool is one of its `total` steps; `step`, from 1, where a call is decided. */
  Plan: record({ total: long, declared: truth, step: optional(long) }),
  /** UTC. `epoch` in seconds; `weekday` 1 is Monday. */
  Now: record({ epoch: long, hour: long, weekday: long }),
  /** In the owning team's zone. `date` as 2026-11-22; `minute` of the hour; `weekday` 1 is Monday. */
  Local: record({ zone: text, date: text, hour: long, minute: long, weekday: long }),
  /** `evidence_age` in seconds since the acting copy was proven; whole days since the agent last did anything. */
  Posture: record({ evidence_age: long, idle_days: long }),
  /** What the catalog says of the tool and of the server that offers it. */
  Tool: record({
    server: text,
    data: texts,
    untrusted: truth,
    environment: optional(text),
    region: optional(text),
  }),
  /** The whole task tree's, this call not included: `amount` is what this tool moved in this call's currency. */
  History: record({
    labels: texts,
    untrusted: truth,
    calls: long,
    tool_calls: long,
    amount: decimal,
    // With this call, the largest decimal where its own amount is not exact; absent where its tool moves nothing.
    amount_after: optional(decimal),
  }),
  /** Calls in the last minute, hour and day, this one not included. */
  Window: record(
    Object.fromEntries(
      ["agent", "instance", "person", "resource"].flatMap((whose) =>
        ["minute", "hour", "day"].map((span) => [`${whose}_${span}`, optional(long)]),
      ),
    ),
  ),
  Delegate: record({ to: text, to_class: text, grants: texts, depth: long }),
};

/** What every decision sees besides arguments and facts. `person` is the human at the root of the chain. */
const CONTEXT: Record<string, CedarType> = {
  person: optional(common("Person")),
  chain: optional(common("Chain")),
  task: optional(common("Task")),
  authority: common("Authority"),
  strength: text,
  // From 1, a static key, to 7, bound to hardware.
  strength_rank: long,
  posture: optional(common("Posture")),
  // 100 where it is not known.
  risk: long,
  risk_known: truth,
  // What is strange about the one who acts, by name; none where its risk is not known.
  anomalies: texts,
  now: common("Now"),
  local: common("Local"),
  tool: optional(common("Tool")),
  amount: optional(decimal),
  currency: optional(text),
  // Whether the amount lies above the limit of the person behind the task; there where the amount is.
  above_limit: optional(truth),
  history: optional(common("History")),
  window: optional(common("Window")),
  settings: common("Settings"),
};

const NOTHING = record({});

const context = (args: CedarType, { facts = NOTHING, ...more }: Record<string, CedarType> = {}): CedarType =>
  record({ ...CONTEXT, args, facts, ...more });

const applies = (principalTypes: string[], of: CedarType): CedarAction => ({
  appliesTo: { principalTypes, resourceTypes: ["Resource"], context: of },
});

const optionalTexts = (...names: string[]): CedarType =>
  record(Object.fromEntries(names.map((name) => [name, optional(text)])));

/** Countersign's own decided actions. */
const OWN_ACTIONS: Record<string, CedarAction> = {
  delegate: applies(["Agent"], context(NOTHING, { delegate: common("Delegate") })),
  // What leaves the house: so far an identity, to whoever it is shown to.
  lend: applies(["Agent"], context(optionalTexts("audience"))),
  register: applies(
    ["Person", "Agent", "Service"],
    context(optionalTexts("name", "class", "environment", "owner", "team")),
  ),
  approve: applies(["Person"], context(optionalTexts("requirement", "tool", "agent"))),
  administer: applies(["Person", "Service"], context(optionalTexts("verb"))),
};

/**
 * The schema that policies are validated against: one action per pinned tool, a member of `call` and of its
 * labels, whose context holds its arguments in the types of its input schema, and its facts in their own.
 * @param settings those of the policies that are to be validated
 * @returns the schema and the base64url SHA-256 of its canonical JSON
 */
export function cedarSchemaOf(
  tools: readonly Tool[],
  settings: SettingsTypes = {},
): { schema: CedarSchema; digest: string } {
  const groups = ["call", ...LABELS].map((name) => [name, {}] as const);
  const perTool = tools.map((tool) => [tool.identifier, actionOf(tool)] as const);
  const actions = { ...Object.fromEntries(groups), ...OWN_ACTIONS, ...Object.fromEntries(perTool) };
  const bare: CedarSchema = { "": { commonTypes: COMMON_TYPES, entityTypes: ENTITY_TYPES, actions } };
  const schema = withSettings(bare, settings);
  return { schema, digest: sha256Base64url(canonicalize(schema as unknown as Json)) };
}

/** The same schema for policies that have these settings. */
export function withSettings({ "": of }: CedarSchema, settings: SettingsTypes): CedarSchema {
  const perFile = Object.entries(settings).map(([file, types]) => [file, record({ ...types })] as const);
  const Settings = record(Object.fromEntries(perFile));
  return { "": { ...of, commonTypes: { ...of.commonTypes, Settings } } };
}

const actionOf = ({ labels, inputSchema, facts = [] }: Tool): CedarAction => ({
  memberOf: ["call", ...labels].map((id) => ({ id })),
  ...applies(
    ["Agent"],
    context(argumentsRecord(inputSchema), {
      facts: record(Object.fromEntries(facts.map(({ name, type }) => [name, optional(FACTS[type])]))),
    }),
  ),
});

/** Each fact is optional: it may not be known when a token is issued. */
const FACTS: Record<FactType, CedarType> = {
  string: text,
  integer: long,
  number: decimal,
  boolean: truth,
  "string[]": texts,
};
