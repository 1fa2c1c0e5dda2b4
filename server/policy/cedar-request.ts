import type { CedarSchema } from "../catalog/index.ts";
import type { Agent, Person, Service } from "../registry/index.ts";
import { carry, carryArguments } from "./carry.ts";
import { contextOf } from "./cedar-context.ts";
import type { Names } from "./context-read.ts";
import { type DeclaredAction, declaredAction, declaredAttributes } from "./declared.ts";
import type { CedarValue, EngineRequest, Entity, EntityRef } from "./engine.ts";
import type { Question } from "./question.ts";
import type { SettingsValues } from "./settings.ts";

export interface CedarRequest {
  readonly request: EngineRequest;
  /** The action and everything that it is a member of. */
  readonly actions: readonly string[];
  /** Arguments that no Cedar value can carry exactly, and which the request therefore lacks. */
  readonly leftOut: readonly string[];
  /** Facts that the catalog declares for this tool and that are not known, or not of the declared type. */
  readonly factsLacking: readonly string[];
  /** Whether this may move something, and what it moves is not known exactly. */
  readonly amountLacking: boolean;
  /** Whether that is so only because an argument is still open: then it is decided again at the call. */
  readonly amountOpen: boolean;
}

/**
 * A question in Cedar's terms, with only those entities that take part in it.
 * @param settings of the policies that will decide
 * @param wanted the members of the context that any of them looks at, where that is known
 * @returns nothing where the schema knows no such action, or not for such a principal
 * @throws Error where something that we know of the principal or the context cannot be carried
 */
export function cedarRequest(
  question: Question,
  schema: CedarSchema,
  settings: SettingsValues = {},
  wanted: Names = "any",
): CedarRequest | undefined {
  const declared = declaredAction(schema, question.action === "call" ? question.tool : question.action);
  const principal = principalOf(question);
  if (declared === undefined || principal === undefined) return undefined;
  if (!declared.principalTypes.includes(principal.uid.type)) return undefined;
  const { commonTypes } = schema[""];
  const { args, leftOut } = carryArguments(question.args, declared.args, commonTypes);
  const { facts, factsLacking } = factsOf(question, declared.facts, commonTypes);
  const context: Record<string, CedarValue> = { ...contextOf(question, wanted), args, facts, settings };
  // A call that delegates is none: what an action does not declare is not there.
  if (!declared.delegates) delete context.delegate;
  const { location, name } = question.resource;
  const resource: Draft = { uid: { type: "Resource", id: name }, attrs: { location, name }, parents: [] };
  const drafts = [principal, resource, ...personBehind(question, principal)];
  return {
    request: {
      principal: principal.uid,
      action: declared.entity.uid,
      resource: resource.uid,
      context,
      entities: [declared.entity, ...drafts.map((draft) => entityOf(draft, schema))],
    },
    actions: declared.actions,
    leftOut,
    factsLacking,
    amountLacking: lacksAmount(question),
    amountOpen: opensAmount(question),
  };
}

/** A tool of which nothing was gathered might move anything. */
const lacksAmount = ({ action, circumstances }: Question): boolean =>
  action === "call" &&
  (circumstances?.tool === undefined ||
    (circumstances.tool.amountFrom !== undefined && circumstances.tool.amount === undefined));

function opensAmount({ circumstances, openArgs = [] }: Question): boolean {
  const from = circumstances?.tool?.amountFrom ?? [];
  return openArgs === "any" ? from.length > 0 : from.some((name) => openArgs.includes(name));
}

/** The facts that the catalog declares, as far as they are known and of their type. */
function factsOf(
  { circumstances }: Question,
  declared: DeclaredAction["facts"],
  commonTypes: CedarSchema[""]["commonTypes"],
): { facts: Record<string, CedarValue>; factsLacking: string[] } {
  const values = circumstances?.facts?.values ?? {};
  const facts: Record<string, CedarValue> = {};
  const factsLacking: string[] = [];
  for (const [name, type] of declared) {
    const value = Object.hasOwn(values, name) ? carry(values[name], type, commonTypes) : undefined;
    if (value === undefined) factsLacking.push(name);
    else facts[name] = value;
  }
  return { facts, factsLacking };
}

/** An entity before its attributes are carried into Cedar's types. */
interface Draft {
  readonly uid: EntityRef;
  readonly attrs: object;
  readonly tags?: Readonly<Record<string, number>>;
  readonly parents: readonly EntityRef[];
}

/** The agent where one acts, else the service, else the person herself. */
function principalOf({ agent, service, person }: Question): Draft | undefined {
  if (agent !== undefined) return agentDraft(agent);
  if (service !== undefined) return serviceDraft(service);
  return person === undefined ? undefined : personDraft(person);
}

const personBehind = ({ person }: Question, principal: Draft): Draft[] =>
  person === undefined || principal.uid.type === "Person" ? [] : [personDraft(person)];

const agentDraft = (agent: Agent): Draft => ({
  uid: { type: "Agent", id: agent.name },
  attrs: agent,
  parents: agent.team === undefined ? [] : [{ type: "Team", id: agent.team }],
});

const serviceDraft = (service: Service): Draft => ({
  uid: { type: "Service", id: service.id },
  attrs: service,
  parents: [],
});

const personDraft = (person: Person): Draft => ({
  uid: { type: "Person", id: person.id },
  attrs: person,
  tags: person.limits,
  parents: person.groups.map((id) => ({ type: "Group", id })),
});

/**
 * With those attributes that the schema declares, in its types.
 * @throws Error where one is there and cannot be carried: a policy that asks whether it is there would be
 *   told that it is not
 */
function entityOf({ uid, attrs, tags, parents }: Draft, schema: CedarSchema): Entity {
  const carried: Record<string, CedarValue> = {};
  for (const [name, type] of declaredAttributes(schema, uid.type)) {
    const value = Object.hasOwn(attrs, name) ? (attrs as Record<string, unknown>)[name] : undefined;
    if (value === undefined) continue;
    const one = carry(value, type, {});
    if (one === undefined) throw new Error(`${name} cannot be carried into a Cedar value`);
    carried[name] = one;
  }
  return tags === undefined ? { uid, attrs: carried, parents } : { uid, attrs: carried, tags, parents };
}
