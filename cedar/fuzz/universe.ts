import type { EntityUid } from "../policy-json.ts";
import type { Choice } from "./choice.ts";
import { ACTION_GROUPS, ACTION_IDS, ATTRIBUTES, COLOUR, COLOURS, ENTITY_IDS, ENTITY_TYPES } from "./names.ts";
import {
  type Attribute,
  type CedarType,
  EXTENSIONS,
  entityType,
  PRIMITIVES,
  type RecordType,
  setOf,
} from "./type.ts";

/** What a schema declares of one entity type. */
export interface EntityShape {
  readonly parents: readonly string[];
  readonly attributes: RecordType;
  readonly tags?: CedarType;
  /** The ids that its entities have; of an enumerated type there are no others. */
  readonly ids: readonly string[];
  readonly enumerated: boolean;
}

export interface ActionShape {
  readonly uid: EntityUid;
  readonly parents: readonly EntityUid[];
  readonly principals: readonly string[];
  readonly resources: readonly string[];
  readonly context: RecordType;
}

/** What one world is made of: entity types and actions, as a schema declares them. */
export interface Universe {
  readonly entities: ReadonlyMap<string, EntityShape>;
  readonly groups: readonly ActionShape[];
  readonly actions: readonly ActionShape[];
}

export function drawUniverse(choice: Choice): Universe {
  const types = [...ENTITY_TYPES, COLOUR];
  const groups = drawGroups(choice);
  return {
    entities: new Map([
      ...ENTITY_TYPES.map((type) => [type, drawShape(choice, types)] as const),
      [COLOUR, ENUM],
    ]),
    groups,
    actions: choice.some(ACTION_IDS, 60).map((id) => drawAction(choice, id, types, groups)),
  };
}

const ENUM: EntityShape = {
  parents: [],
  attributes: { kind: "Record", attributes: new Map() },
  ids: COLOURS,
  enumerated: true,
};

function drawShape(choice: Choice, types: readonly string[]): EntityShape {
  const shape: EntityShape = {
    parents: choice.some(types, 40),
    attributes: drawRecord(choice, 2),
    ids: ENTITY_IDS.slice(0, choice.int(2, ENTITY_IDS.length)),
    enumerated: false,
  };
  return choice.chance(40) ? { ...shape, tags: drawType(choice, 1) } : shape;
}

/** Groups of actions in a line, so that there is no cycle: each may be in those before it. */
function drawGroups(choice: Choice): ActionShape[] {
  const groups: ActionShape[] = [];
  for (const id of ACTION_GROUPS) {
    const parents = choice.some(groups, 50).map(({ uid }) => uid);
    groups.push({ ...NO_REQUESTS, uid: { type: actionType(choice), id }, parents });
  }
  return groups;
}

const NO_REQUESTS = {
  principals: [],
  resources: [],
  context: { kind: "Record", attributes: new Map() },
} as const satisfies Omit<ActionShape, "uid" | "parents">;

function drawAction(
  choice: Choice,
  id: string,
  types: readonly string[],
  groups: readonly ActionShape[],
): ActionShape {
  return {
    uid: { type: actionType(choice), id },
    parents: choice.some(groups, 50).map(({ uid }) => uid),
    principals: [choice.one(types), ...choice.some(types, 50)],
    resources: [choice.one(types), ...choice.some(types, 50)],
    context: drawRecord(choice, 2),
  };
}

const actionType = (choice: Choice): string => (choice.chance(75) ? "Action" : "App::Action");

function drawRecord(choice: Choice, depth: number): RecordType {
  const names = choice.some(ATTRIBUTES, depth === 2 ? 35 : 15);
  const attribute = (): Attribute => ({ type: drawType(choice, depth), required: choice.chance(60) });
  return { kind: "Record", attributes: new Map(names.map((name) => [name, attribute()])) };
}

/** A type nested at most `depth` levels. */
export function drawType(choice: Choice, depth: number): CedarType {
  const plain = [
    [6, () => choice.one(PRIMITIVES)],
    [3, () => ({ kind: choice.one(EXTENSIONS) })],
    [3, () => entityType(choice.one([...ENTITY_TYPES, COLOUR]))],
  ] as const;
  if (depth === 0) return choice.weighted<CedarType>(plain);
  return choice.weighted<CedarType>([
    ...plain,
    [3, () => setOf(drawType(choice, depth - 1))],
    [3, () => drawRecord(choice, depth - 1)],
  ]);
}
