import {
  type Entity,
  type EntityStore,
  type EntityUid,
  ReadError,
  type Request,
  readContext,
  readEntities,
} from "@countersign/cedar";
import type { Obligation } from "../lib/index.ts";
import type { CompiledApplication, MappedAction, MappedType } from "./compile-application.ts";
import type { AskedAction, AskedEntity, Evaluation, Properties } from "./wire.ts";

/** Why nothing is allowed where no policy says so. */
export const APPLICATION_REASONS = {
  "unknown-subject-type": "This application knows no subjects of this type.",
  "unknown-resource-type": "This application knows no resources of this type.",
  "unknown-action": "This application knows no such action.",
  "action-does-not-apply": "The action does not apply to such a subject and such a resource.",
  "properties-do-not-fit": "A property is not of the type that the application's schema gives it.",
  "context-does-not-fit": "The context is not what the application's schema asks for this action.",
  "policy-errored": "A policy that could forbid this could not be evaluated.",
  "no-permit": "No policy permits this.",
} as const;
export type ApplicationReason = keyof typeof APPLICATION_REASONS;

/** Why, in a policy's own words or in one of the above. */
export interface ToldReason {
  readonly policy: string;
  readonly reason: string;
}

export type Outcome = { readonly allowed: true; readonly obligations: readonly Obligation[] } | Refusal;

export interface Refusal {
  readonly allowed: false;
  readonly reasons: readonly ToldReason[];
}

/** Answers one question by an application's policies. Never throws: what cannot be decided is denied. */
export function askApplication(application: CompiledApplication, asked: Evaluation): Outcome {
  try {
    return asking(application, asked);
  } catch {
    return denied("policy-errored");
  }
}

function asking(application: CompiledApplication, asked: Evaluation): Outcome {
  const subject = application.subjects.get(asked.subject.type);
  if (subject === undefined) return denied("unknown-subject-type");
  const resource = application.resources.get(asked.resource.type);
  if (resource === undefined) return denied("unknown-resource-type");
  const action = application.actions.get(asked.action.name);
  if (action === undefined) return denied("unknown-action");
  if (!action.principals.has(subject.type) || !action.resources.has(resource.type))
    return denied("action-does-not-apply");
  const context = contextFor(application, action, asked.action, asked.context);
  if (context === undefined) return denied("context-does-not-fit");
  const entities = entitiesFor(application, [
    [subject, asked.subject],
    [resource, asked.resource],
  ]);
  if (entities === undefined) return denied("properties-do-not-fit");
  const principal = { type: subject.type, id: asked.subject.id };
  const request = { principal, action: action.uid, resource: { type: resource.type, id: asked.resource.id } };
  return outcomeOf(application, application.set.decide({ ...request, context }, entities));
}

/** What Cedar found, as far as it decides here. */
export interface Found {
  readonly permits: readonly string[];
  readonly forbids: readonly string[];
  readonly errors: readonly { readonly policy: string }[];
}

/** What follows from what Cedar found. */
export function outcomeOf(application: Pick<CompiledApplication, "policies">, found: Found): Outcome {
  const refusal = refusalIn(application, found);
  if (refusal !== undefined) return refusal;
  const { permits } = found;
  if (permits.length === 0) return denied("no-permit");
  return { allowed: true, obligations: obligationsOf(application.policies, permits) };
}

/**
 * What denies whatever else is found: a satisfied forbid, or one that cannot be evaluated, which plain Cedar
 * would leave out. A permit that cannot be evaluated is absent.
 */
export function refusalIn(
  { policies }: Pick<CompiledApplication, "policies">,
  { forbids, errors }: Found,
): Outcome | undefined {
  if (errors.length > 0 && errors.some(({ policy }) => policies.get(policy)?.effect !== "permit"))
    return denied("policy-errored");
  if (forbids.length === 0) return undefined;
  const reasons = forbids.map((policy) => ({ policy, reason: policies.get(policy)?.reason ?? "" }));
  return { allowed: false, reasons };
}

const NONE: readonly Obligation[] = [];

function obligationsOf(
  policies: CompiledApplication["policies"],
  permits: readonly string[],
): readonly Obligation[] {
  if (permits.length === 1) return policies.get(permits[0] ?? "")?.obligations ?? NONE;
  return permits.flatMap((id) => policies.get(id)?.obligations ?? NONE);
}

/** One object for each reason that is ours. */
export const DENIALS = Object.fromEntries(
  Object.entries(APPLICATION_REASONS).map(([policy, reason]) => [
    policy,
    { allowed: false, reasons: [{ policy, reason }] },
  ]),
) as unknown as Readonly<Record<ApplicationReason, Refusal>>;

const denied = (reason: ApplicationReason): Outcome => DENIALS[reason];

const EMPTY = readContext({});

/** What the caller is believed of the circumstances, typed by the schema; nothing where it does not fit. */
export function contextFor(
  { schema }: CompiledApplication,
  { uid, hasContext, context, believed }: MappedAction,
  { properties }: AskedAction,
  attackerContext: Properties | undefined,
): Request["context"] | undefined {
  if (!hasContext) return EMPTY;
  const said: Record<string, unknown> = chosen(context, attackerContext);
  if (believed.length > 0) said.action = chosen(believed, properties);
  return typed(said, { schema, action: uid });
}

/** The members of these names, and no others. */
function chosen(names: readonly string[], attackerMembers: Properties | undefined): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  for (const name of names) {
    if (attackerMembers !== undefined && Object.hasOwn(attackerMembers, name))
      members[name] = attackerMembers[name];
  }
  return members;
}

type Typed = ReturnType<typeof readContext>;

function typed(members: object, by: Parameters<typeof readContext>[1]): Typed | undefined {
  try {
    return readContext(members, by);
  } catch (error) {
    if (error instanceof ReadError) return undefined;
    throw error;
  }
}

/**
 * The directory, with what the caller is believed of those that the question is about in place of what the
 * directory says. Nothing where a property is of a wrong type.
 */
export function entitiesFor(
  application: CompiledApplication,
  about: readonly (readonly [MappedType, AskedEntity])[],
): EntityStore | undefined {
  let entities = application.entities;
  for (const [mapped, { id, properties }] of about) {
    if (properties === undefined || mapped.believed.length === 0) continue;
    const by = { schema: application.schema, action: mapped.reader };
    const attrs = typed(chosen(mapped.believed, properties), by);
    if (attrs === undefined) return undefined;
    entities = new WithSaid(over(entities, { type: mapped.type, id }, attrs), entities);
  }
  return entities;
}

/** The parents and tags of an entity that the directory does not have: none. */
const UNRELATED = (() => {
  const nobody = { type: "Nobody", id: "" };
  const found = readEntities([{ uid: nobody, attrs: {}, parents: [] }]).get(nobody);
  if (found === undefined) throw new Error("an entity was read and is not there");
  return { tags: found.tags, ancestors: found.ancestors };
})();

function over(directory: EntityStore, uid: EntityUid, attrs: Typed): Entity {
  const known = directory.get(uid);
  if (known === undefined) return { uid, attrs, ...UNRELATED };
  for (const name of Object.keys(known.attrs)) {
    const value = known.attrs[name];
    if (attrs[name] === undefined && value !== undefined) attrs[name] = value;
  }
  return { uid: known.uid, attrs, tags: known.tags, ancestors: known.ancestors };
}

/** An entity as the caller says, before all others. */
class WithSaid implements EntityStore {
  readonly #said: Entity;
  readonly #others: EntityStore;

  constructor(said: Entity, others: EntityStore) {
    this.#said = said;
    this.#others = others;
  }

  get(wanted: EntityUid): Entity | undefined {
    const { uid } = this.#said;
    return uid.id === wanted.id && uid.type === wanted.type ? this.#said : this.#others.get(wanted);
  }
}
