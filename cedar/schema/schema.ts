import type { Entity } from "../entity.ts";
import { ReadError } from "../error.ts";
import { Hierarchy } from "../hierarchy.ts";
import type { EntityUid } from "../policy-json.ts";
import { emptyRecord } from "../record.ts";
import { Uid } from "../uid.ts";
import { UidMap } from "../uid-map.ts";
import { TypeResolver } from "./resolve-type.ts";
import type { ActionJson, EntityTypeJson, SchemaJson } from "./schema-json.ts";
import { emptyRecordType, type RecordType, type Type } from "./type.ts";

/** What the schema says of one entity type. */
export interface EntityType {
  readonly shape: RecordType;
  readonly tags: Type | undefined;
  /** Of which types the entities above may be, at any distance. */
  readonly ancestorTypes: ReadonlySet<string>;
  /** The only ids there are, when the type is an enumeration. */
  readonly ids: ReadonlySet<string> | undefined;
}

/** A schema made ready for reading entities and contexts. It never changes. */
export class Schema {
  readonly entityTypes: ReadonlyMap<string, EntityType>;
  /** The actions as entities, with the groups they are in. */
  readonly actions: UidMap<Entity>;
  private readonly declared: UidMap<Action>;

  /** @throws ReadError when a name is not defined, or action groups contain each other */
  constructor(json: SchemaJson) {
    const resolver = new TypeResolver(json);
    this.declared = new UidMap<Action>();
    for (const action of actionsOf(json, resolver)) this.declared.add(action);
    this.actions = actionEntities(this.declared);
    this.entityTypes = entityTypesOf(json, resolver);
  }

  /** The context type of an action; undefined for an action that the schema does not define. */
  contextOf(action: EntityUid): RecordType | undefined {
    return this.declared.get(action)?.context;
  }
}

interface Action {
  readonly uid: Uid;
  readonly context: RecordType;
  readonly parents: readonly Uid[];
}

/**
 * Makes a schema ready; worth doing once when it is used many times.
 *
 * @param json Cedar's JSON schema; text is turned into it by `parseSchema` of `@countersign/cedar/parse`
 * @throws ReadError when a name is not defined, or action groups contain each other
 */
export function readSchema(json: SchemaJson): Schema {
  return new Schema(json);
}

/** A schema in either form, made ready. */
export function schemaFrom(schema: Schema | SchemaJson): Schema {
  return schema instanceof Schema ? schema : readSchema(schema);
}

function* actionsOf(json: SchemaJson, resolver: TypeResolver): Iterable<Action> {
  for (const [namespace, { actions }] of Object.entries(json)) {
    const type = qualified("Action", namespace);
    for (const [id, action] of Object.entries(actions)) {
      requireNoAttributes(action, namespace);
      const context = contextType(action, namespace, resolver);
      const parents = (action.memberOf ?? []).map((group) => actionGroup(json, namespace, group));
      yield { uid: new Uid(type, id), context, parents };
    }
  }
}

/** A group is looked for in its own namespace first, as every name is. */
function actionGroup(json: SchemaJson, namespace: string, group: { id: string; type?: string }): Uid {
  const written = group.type ?? "Action";
  const own = qualified(written, namespace);
  const type = [own, written].find((candidate) => definesAction(json, candidate, group.id));
  if (type !== undefined) return new Uid(type, group.id);
  throw new ReadError(
    namespace,
    `The schema names the action ${JSON.stringify(group.id)} but does not define it.`,
  );
}

function definesAction(json: SchemaJson, type: string, id: string): boolean {
  const namespace = type === "Action" ? "" : type.replace(/::Action$/, "");
  const actions = Object.hasOwn(json, namespace) ? json[namespace]?.actions : undefined;
  return actions !== undefined && Object.hasOwn(actions, id);
}

/** Cedar has given attributes of actions up; ignoring them would decide something else. */
function requireNoAttributes({ attributes }: ActionJson, namespace: string): void {
  const none = attributes === undefined || attributes === null || Object.keys(attributes).length === 0;
  if (!none) throw new ReadError(namespace, "Attributes of actions are not supported.");
}

function contextType(action: ActionJson, namespace: string, resolver: TypeResolver): RecordType {
  const json = action.appliesTo?.context;
  if (json === undefined) return emptyRecordType;
  const type = resolver.resolve(json, namespace);
  if (type.kind === "record") return type;
  throw new ReadError(namespace, "The context of an action is not a record.");
}

function actionEntities(declared: UidMap<Action>): UidMap<Entity> {
  const actions = new UidMap<Entity>();
  const hierarchy = new Hierarchy(declared);
  for (const action of declared.entries) {
    const ancestors = hierarchy.above(action);
    actions.add({ uid: action.uid, attrs: emptyRecord(), tags: emptyRecord(), ancestors });
  }
  return actions;
}

function entityTypesOf(json: SchemaJson, resolver: TypeResolver): Map<string, EntityType> {
  const parents = new Map<string, readonly string[]>();
  for (const [name, namespace, type] of declaredTypes(json)) {
    parents.set(
      name,
      (type.memberOfTypes ?? []).map((parent) => resolver.entityName(parent, namespace)),
    );
  }
  const types = new Map<string, EntityType>();
  for (const [name, namespace, type] of declaredTypes(json)) {
    types.set(name, entityType(type, namespace, resolver, typesAbove(name, parents)));
  }
  return types;
}

function* declaredTypes(json: SchemaJson): Iterable<[name: string, namespace: string, EntityTypeJson]> {
  for (const [namespace, { entityTypes }] of Object.entries(json)) {
    for (const [name, type] of Object.entries(entityTypes))
      yield [qualified(name, namespace), namespace, type];
  }
}

function entityType(
  json: EntityTypeJson,
  namespace: string,
  resolver: TypeResolver,
  ancestorTypes: ReadonlySet<string>,
): EntityType {
  const shape = json.shape === undefined ? emptyRecordType : resolver.resolve(json.shape, namespace);
  if (shape.kind !== "record") throw new ReadError(namespace, "The shape of an entity type is not a record.");
  const tags = json.tags === undefined ? undefined : resolver.resolve(json.tags, namespace);
  return { shape, tags, ancestorTypes, ids: json.enum === undefined ? undefined : new Set(json.enum) };
}

/** Types may be members of themselves (folders in folders), so a type is followed once. */
function typesAbove(name: string, parents: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const above = new Set<string>();
  const open = [...(parents.get(name) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (above.has(next)) continue;
    above.add(next);
    open.push(...(parents.get(next) ?? []));
  }
  return above;
}

function qualified(name: string, namespace: string): string {
  return namespace === "" ? name : `${namespace}::${name}`;
}
