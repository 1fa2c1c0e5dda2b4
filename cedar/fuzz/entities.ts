import type { EntityUid, EntityUidJson, ValueJson } from "../policy-json.ts";
import type { Choice } from "./choice.ts";
import { ATTRIBUTES, TAGS } from "./names.ts";
import type { CedarType, RecordType } from "./type.ts";
import { type ActionShape, drawType, type Universe } from "./universe.ts";
import { drawValue, type Form } from "./value.ts";

/** An entity as Cedar's JSON writes it. */
export interface EntityJson {
  readonly uid: EntityUidJson;
  readonly attrs: { readonly [attribute: string]: ValueJson };
  readonly parents: readonly EntityUidJson[];
  readonly tags?: { readonly [tag: string]: ValueJson };
}

/** How the entities of one world are drawn. */
interface Manner {
  readonly choice: Choice;
  readonly universe: Universe;
  /** Whether they are as the schema says; else some lack attributes, or have others, or are where they cannot be. */
  readonly conforming: boolean;
  readonly form: Form;
  /** Of a hundred entities that one could be in, so many it is in. */
  readonly inPercent: number;
}

/**
 * Some of the entities that a universe allows. Each is in entities named before it only, so that there is no
 * cycle; some of those are not stored, and some are stored twice, which is once.
 */
export function drawEntities(choice: Choice, universe: Universe, conforming: boolean): EntityJson[] {
  const form = conforming ? "either" : "written";
  const manner: Manner = { choice, universe, conforming, form, inPercent: choice.one([5, 25, 70]) };
  const uids = [...universe.entities].flatMap(([type, { ids }]) => ids.map((id) => ({ type, id })));
  const named = choice.some(uids, choice.one([10, 25, 50]));
  const entities = named.map((uid, position) => drawEntity(manner, uid, named.slice(0, position)));
  const actions = drawActions(manner);
  const stored = [...choice.some(entities, 90), ...actions.map(actionEntity)];
  return [...stored, ...choice.some(stored, choice.chance(10) ? 10 : 0)];
}

/** A schema's actions may be stored too, but only as it declares them, so all of them. */
function drawActions({ choice, universe, conforming }: Manner): ActionShape[] {
  const actions = [...universe.actions, ...universe.groups];
  if (conforming) return choice.chance(10) ? actions : [];
  return choice.some(actions, 70);
}

function drawEntity(manner: Manner, uid: EntityUid, before: readonly EntityUid[]): EntityJson {
  const { choice, universe, conforming, inPercent } = manner;
  const shape = universe.entities.get(uid.type);
  if (shape === undefined) return { uid, attrs: {}, parents: [] };
  const strays = !conforming && choice.chance(30);
  const allowed = before.filter(({ type }) => strays || shape.parents.includes(type));
  const entity: EntityJson = {
    uid: spelled(choice, uid),
    attrs: drawAttributes(manner, shape.attributes, strays),
    parents: choice.some(allowed, inPercent).map((parent) => spelled(choice, parent)),
  };
  return shape.tags === undefined ? entity : { ...entity, tags: drawTags(manner, shape.tags) };
}

const spelled = (choice: Choice, uid: EntityUid): EntityUidJson =>
  choice.chance(25) ? { __entity: { ...uid } } : { ...uid };

function drawAttributes(
  { choice, universe, form }: Manner,
  declared: RecordType,
  strays: boolean,
): EntityJson["attrs"] {
  const attributes = drawValue(choice, universe, declared, form) as EntityJson["attrs"];
  if (!strays) return attributes;
  const kept = choice.some(Object.entries(attributes), 70);
  const stray = (): [string, ValueJson] => [
    choice.one(ATTRIBUTES),
    drawValue(choice, universe, drawType(choice, 1), form),
  ];
  return Object.fromEntries([...kept, ...choice.many(0, 2, stray)]);
}

const drawTags = ({ choice, universe, form }: Manner, type: CedarType): EntityJson["attrs"] =>
  Object.fromEntries(choice.some(TAGS, 40).map((tag) => [tag, drawValue(choice, universe, type, form)]));

const actionEntity = ({ uid, parents }: ActionShape): EntityJson => ({ uid, attrs: {}, parents });
