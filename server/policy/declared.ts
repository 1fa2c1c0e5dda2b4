import type { CedarSchema, CedarType } from "../catalog/index.ts";
import type { Entity } from "./engine.ts";

/** Members by name, as pairs: whoever goes through them does so for each decision. */
type Declared = readonly (readonly [name: string, type: CedarType])[];

/** What a schema says of an action, laid out for making requests. */
export interface DeclaredAction {
  /** The action and everything that it is a member of. */
  readonly actions: readonly string[];
  readonly entity: Entity;
  readonly principalTypes: readonly string[];
  readonly args: CedarType;
  readonly facts: Declared;
  /** Whether its context tells of a delegation. */
  readonly delegates: boolean;
}

/** What was laid out of each schema before. Its actions and its types are all that is ever asked about. */
const laidOut = new WeakMap<
  CedarSchema,
  { actions: Map<string, DeclaredAction>; types: Map<string, Declared> }
>();

function laidOutOf(schema: CedarSchema) {
  const known = laidOut.get(schema) ?? { actions: new Map(), types: new Map() };
  laidOut.set(schema, known);
  return known;
}

/** @returns nothing for what is no action of its own, such as `call` and the labels */
export function declaredAction(
  schema: CedarSchema,
  attackerName: string | undefined,
): DeclaredAction | undefined {
  const { actions } = laidOutOf(schema);
  const known = attackerName === undefined ? undefined : actions.get(attackerName);
  if (known !== undefined || attackerName === undefined) return known;
  const declared = layOut(schema, attackerName);
  if (declared !== undefined) actions.set(attackerName, declared);
  return declared;
}

function layOut({ "": { actions } }: CedarSchema, attackerName: string): DeclaredAction | undefined {
  const action = Object.hasOwn(actions, attackerName) ? actions[attackerName] : undefined;
  if (action?.appliesTo === undefined) return undefined;
  const groups = (action.memberOf ?? []).map(({ id }) => id);
  const { args = NOTHING, facts = NOTHING, delegate } = membersOf(action.appliesTo.context);
  return {
    actions: [attackerName, ...groups],
    entity: {
      uid: { type: "Action", id: attackerName },
      attrs: {},
      parents: groups.map((id) => ({ type: "Action", id })),
    },
    principalTypes: action.appliesTo.principalTypes,
    args,
    facts: Object.entries(membersOf(facts)),
    delegates: delegate !== undefined,
  };
}

/** The attributes of an entity type. */
export function declaredAttributes(schema: CedarSchema, type: string): Declared {
  const { types } = laidOutOf(schema);
  const known = types.get(type);
  if (known !== undefined) return known;
  const shape = schema[""].entityTypes[type]?.shape;
  const attributes = Object.entries(shape === undefined ? {} : membersOf(shape));
  types.set(type, attributes);
  return attributes;
}

const NOTHING: CedarType = { type: "Record", attributes: {} };

function membersOf(type: CedarType): Readonly<Record<string, CedarType>> {
  if (type.type === "Record") return type.attributes;
  throw new Error("the schema's contexts and shapes are records");
}
