import { setImmediate } from "node:timers/promises";
import type { Entity, EntityUid } from "@countersign/cedar";
import { contextFor, entitiesFor, outcomeOf, refusalIn } from "./ask-application.ts";
import { candidatesFor } from "./candidates.ts";
import type { CompiledApplication, MappedType } from "./compile-application.ts";
import type { Search } from "./read-request.ts";

/** How long a search holds the event loop at a time, in milliseconds. */
const STEP_MS = 4;

/** One page of what was sought: ids in order, and whether there may be more. */
export interface Found {
  readonly ids: readonly string[];
  readonly more: boolean;
}

export interface Cut {
  /** Only what comes after this id. */
  readonly after: string | undefined;
  readonly limit: number;
}

const NOTHING: Found = { ids: [], more: false };

/**
 * Which subjects, or which resources, of a type: the policies are evaluated once with the one unknown, and what
 * remains of them says where in the directory to look. Types and actions that are not known have no results.
 */
export async function searchEntities(
  application: CompiledApplication,
  sought: "subject" | "resource",
  search: Search,
  cut: Cut,
): Promise<Found> {
  const parts = partsOf(application, sought, search);
  if (parts === undefined) return NOTHING;
  const { type, variable, request, entities } = parts;
  const residual = application.set.partial(request, entities);
  if (refusalIn(application, residual) !== undefined) return NOTHING;
  const open = residual.residuals.filter(({ effect }) => effect === "permit");
  const lists = open.map(({ condition }) =>
    candidatesFor(condition, { variable, type, directory: application.directory }),
  );
  const anybody = residual.permits.length > 0 || lists.includes(undefined);
  const candidates = anybody
    ? application.directory.ofType(type)
    : inOrder(lists.flatMap((list) => list ?? []));
  return firstAllowed(
    candidates,
    cut,
    ({ uid }) => outcomeOf(application, residual.decide({ [variable]: { type, id: uid.id } })).allowed,
  );
}

function partsOf(application: CompiledApplication, sought: "subject" | "resource", search: Search) {
  const subject = application.subjects.get(search.subject.type);
  const resource = application.resources.get(search.resource.type);
  const action = application.actions.get(search.action?.name ?? "");
  if (subject === undefined || resource === undefined || action === undefined) return undefined;
  if (!action.principals.has(subject.type) || !action.resources.has(resource.type)) return undefined;
  const context = contextFor(application, action, search.action ?? { name: "" }, search.context);
  const entities = entitiesFor(
    application,
    sought === "subject" ? [known(resource, search.resource)] : [known(subject, search.subject)],
  );
  if (context === undefined || entities === undefined) return undefined;
  const principal = { type: subject.type, id: search.subject.id ?? "" };
  const target = { type: resource.type, id: search.resource.id ?? "" };
  const request = { action: action.uid, context };
  if (sought === "subject") {
    const open = { ...request, principal: { unknown: subject.type }, resource: target };
    return { type: subject.type, variable: "principal", request: open, entities } as const;
  }
  const open = { ...request, principal, resource: { unknown: resource.type } };
  return { type: resource.type, variable: "resource", request: open, entities } as const;
}

const known = (
  mapped: MappedType,
  { type, id = "", properties }: Search["subject"],
): Parameters<typeof entitiesFor>[1][number] => [
  mapped,
  { type, id, ...(properties === undefined ? {} : { properties: { ...properties } }) },
];

/** Each once, in the order of their ids. */
function inOrder(entities: readonly Entity[]): readonly Entity[] {
  const once = new Map(entities.map((entity) => [entity.uid.id, entity]));
  return [...once.values()].sort((one, other) => (one.uid.id < other.uid.id ? -1 : 1));
}

async function firstAllowed(
  candidates: readonly Entity[],
  { after, limit }: Cut,
  isAllowed: (entity: Entity) => boolean,
): Promise<Found> {
  const ids: string[] = [];
  let began = performance.now();
  for (const entity of candidates) {
    if (after !== undefined && entity.uid.id <= after) continue;
    if (performance.now() - began > STEP_MS) {
      await setImmediate();
      began = performance.now();
    }
    if (!isAllowed(entity)) continue;
    if (ids.length === limit) return { ids, more: true };
    ids.push(entity.uid.id);
  }
  return { ids, more: false };
}

/**
 * Which actions a subject may do to a resource: the policies are evaluated once with the action unknown, and what
 * remains of them is completed by each action that applies.
 */
export function searchActions(
  application: CompiledApplication,
  search: Search,
  { after, limit }: Cut,
): Found {
  const subject = application.subjects.get(search.subject.type);
  const resource = application.resources.get(search.resource.type);
  if (subject === undefined || resource === undefined) return NOTHING;
  const entities = entitiesFor(application, [
    known(subject, search.subject),
    known(resource, search.resource),
  ]);
  const [first] = application.actions.values();
  if (entities === undefined || first === undefined) return NOTHING;
  const residual = application.set.partial(
    {
      principal: uidOf(subject, search.subject),
      action: { unknown: first.uid.type },
      resource: uidOf(resource, search.resource),
      context: {},
      unknowns: ["context"],
    },
    entities,
  );
  const names = [...application.actions].flatMap(([name, action]) => {
    if (after !== undefined && name <= after) return [];
    if (!action.principals.has(subject.type) || !action.resources.has(resource.type)) return [];
    const context = contextFor(application, action, { name }, search.context);
    if (context === undefined) return [];
    const outcome = outcomeOf(application, residual.decide({ action: action.uid, context }));
    return outcome.allowed ? [name] : [];
  });
  const ids = names.sort().slice(0, limit);
  return { ids, more: names.length > limit };
}

const uidOf = ({ type }: MappedType, { id = "" }: Search["subject"]): EntityUid => ({ type, id });
