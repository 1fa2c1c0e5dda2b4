import type { CedarSchema, CedarType } from "../catalog/index.ts";
import { inSeconds } from "../lib/index.ts";
import type { Agent, Person, Service } from "../registry/index.ts";
import { carry, carryArguments } from "./carry.ts";
import type { CedarValue, EngineRequest, Entity, EntityRef } from "./engine.ts";
import type { Question } from "./question.ts";

/** Until something measures risk there is none to be missing; where it is measured, the asker says it. */
const UNMEASURED_RISK = 0;

export interface CedarRequest {
  readonly request: EngineRequest;
  /** The action and everything that it is a member of. */
  readonly actions: readonly string[];
  /** Arguments that no Cedar value can carry exactly, and which the request therefore lacks. */
  readonly leftOut: readonly string[];
}

/**
 * A question in Cedar's terms, with only those entities that take part in it.
 * @returns nothing where the schema knows no such action, or not for such a principal
 * @throws Error where something that we know of the principal or the context cannot be carried
 */
export function cedarRequest(question: Question, schema: CedarSchema): CedarRequest | undefined {
  const name = question.action === "call" ? question.tool : question.action;
  const { actions, commonTypes, entityTypes } = schema[""];
  const action = name !== undefined && Object.hasOwn(actions, name) ? actions[name] : undefined;
  const principal = principalOf(question);
  if (name === undefined || action?.appliesTo === undefined || principal === undefined) return undefined;
  if (!action.appliesTo.principalTypes.includes(principal.uid.type)) return undefined;
  const { attributes } = asRecord(action.appliesTo.context);
  const groups = (action.memberOf ?? []).map(({ id }) => id);
  const { args, leftOut } = carryArguments(question.args, attributes.args ?? NO_ARGUMENTS, commonTypes);
  const resource: Draft = {
    uid: { type: "Resource", id: question.resource.name },
    attrs: { ...question.resource },
    parents: [],
  };
  const entities = [principal, resource, ...personBehind(question, principal)];
  return {
    request: {
      principal: principal.uid,
      action: { type: "Action", id: name },
      resource: resource.uid,
      context: { ...carried(contextOf(question), attributes, commonTypes), args },
      entities: [actionEntity(name, groups), ...entities.map((draft) => entityOf(draft, entityTypes))],
    },
    actions: [name, ...groups],
    leftOut,
  };
}

const NO_ARGUMENTS: CedarType = { type: "Record", attributes: {} };

type Attributes = Readonly<Record<string, CedarType>>;

/** An entity before its attributes are carried into Cedar's types. */
interface Draft {
  readonly uid: EntityRef;
  readonly attrs: Readonly<Record<string, unknown>>;
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
  attrs: { ...agent },
  parents: agent.team === undefined ? [] : [{ type: "Team", id: agent.team }],
});

const serviceDraft = (service: Service): Draft => ({
  uid: { type: "Service", id: service.id },
  attrs: { ...service },
  parents: [],
});

const personDraft = (person: Person): Draft => ({
  uid: { type: "Person", id: person.id },
  attrs: { ...person },
  tags: person.limits,
  parents: person.groups.map((id) => ({ type: "Group", id })),
});

function contextOf(question: Question): Record<string, unknown> {
  const { person, chain, task, authority, strength, risk, now, delegate } = question;
  return {
    person: person?.id,
    chain: chain && { depth: chain.depth, agents: chain.agents },
    task: task && { id: task.id, purpose: task.purpose, started_by: task.startedBy },
    authority: { covered: authority.covered },
    strength,
    risk: risk ?? UNMEASURED_RISK,
    now: nowInUtc(now),
    delegate: delegate && {
      to: delegate.to,
      to_class: delegate.toClass,
      grants: delegate.grants,
      depth: delegate.depth,
    },
  };
}

function nowInUtc(now: number): Record<string, number> {
  const date = new Date(now);
  return { epoch: inSeconds(now), hour: date.getUTCHours(), weekday: date.getUTCDay() || 7 };
}

/**
 * Those members that the schema declares, in its types.
 * @throws Error where one is there and cannot be carried: a policy that asks whether it is there would be
 *   told that it is not
 */
function carried(
  values: Readonly<Record<string, unknown>>,
  attributes: Attributes,
  commonTypes: CedarSchema[""]["commonTypes"],
): Record<string, CedarValue> {
  const result: Record<string, CedarValue> = {};
  for (const [name, type] of Object.entries(attributes)) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) continue;
    const carriedValue = carry(value, type, commonTypes);
    if (carriedValue === undefined) throw new Error(`${name} cannot be carried into a Cedar value`);
    result[name] = carriedValue;
  }
  return result;
}

function entityOf({ uid, attrs, tags, parents }: Draft, types: CedarSchema[""]["entityTypes"]): Entity {
  const shape = types[uid.type]?.shape;
  const attributes = shape === undefined ? {} : asRecord(shape).attributes;
  return { uid, attrs: carried(attrs, attributes, {}), ...(tags === undefined ? {} : { tags }), parents };
}

const actionEntity = (name: string, groups: readonly string[]): Entity => ({
  uid: { type: "Action", id: name },
  attrs: {},
  parents: groups.map((id) => ({ type: "Action", id })),
});

function asRecord(type: CedarType): { attributes: Attributes } {
  if (type.type === "Record") return type;
  throw new Error("the schema's contexts and shapes are records");
}
