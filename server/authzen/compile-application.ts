import { setImmediate } from "node:timers/promises";
import {
  compileInSteps,
  type EntityStore,
  type EntityUid,
  type PolicySet,
  readEntities,
  readSchema,
  type Schema,
  type SchemaJson,
} from "@countersign/cedar";
import type { Obligation } from "../lib/index.ts";
import type { ApplicationDefinition, ApplicationHead } from "./application.ts";
import { Directory } from "./directory.ts";
import type { ReadApplication } from "./read-application.ts";
import {
  actionTypeOf,
  appliesTo,
  contextAttributes,
  type MappedKind,
  namespaceOf,
  shapeOf,
} from "./schema-parts.ts";

/** Which Cedar type stands for an AuthZEN type, and how what the caller is believed is read. */
export interface MappedType {
  readonly type: string;
  /** Names of properties that count. */
  readonly believed: readonly string[];
  /** A made-up action whose context has just those properties, each optional: its reader is their reader. */
  readonly reader: EntityUid;
}

export interface MappedAction {
  readonly uid: EntityUid;
  readonly principals: ReadonlySet<string>;
  readonly resources: ReadonlySet<string>;
  readonly believed: readonly string[];
  /** Names of the request's context that count for this action. */
  readonly context: readonly string[];
  /** Whether the schema gives it any context at all. */
  readonly hasContext: boolean;
}

/** What is told of a policy that decided. */
export interface ToldPolicy {
  readonly effect: "permit" | "forbid";
  readonly reason: string;
  readonly obligations: readonly Obligation[];
}

/** An application ready to be asked. It never changes. */
export interface CompiledApplication extends ApplicationHead {
  readonly record: ApplicationDefinition["record"];
  readonly set: PolicySet;
  readonly policies: ReadonlyMap<string, ToldPolicy>;
  /** The application's schema, with the made-up actions by which properties are read. */
  readonly schema: Schema;
  readonly entities: EntityStore;
  readonly directory: Directory;
  readonly subjects: ReadonlyMap<string, MappedType>;
  readonly resources: ReadonlyMap<string, MappedType>;
  readonly actions: ReadonlyMap<string, MappedAction>;
}

const STEP_MS = 4;

/**
 * Makes a definition ready to be asked, a little at a time: decisions go on meanwhile.
 * @throws Error for what was never found right
 */
export async function compileApplication(
  head: ApplicationHead,
  definition: ApplicationDefinition,
  { schema: json, policies }: ReadApplication,
): Promise<CompiledApplication> {
  const { mapping, entities, record } = definition;
  const schema = readSchema(withReaders(json, mapping));
  await setImmediate();
  const store = readEntities(entities, json);
  await setImmediate();
  const source = { policies: Object.fromEntries(policies.map(({ id, json: policy }) => [id, policy])) };
  return {
    ...head,
    record,
    set: await inSteps(compileInSteps(source, json)),
    policies: new Map(
      policies.map(({ id, effect, reason, obligations }) => [id, { effect, reason, obligations }]),
    ),
    schema,
    entities: store,
    directory: new Directory(entities, store),
    subjects: mappedTypes(json, "subjects", mapping.subjects),
    resources: mappedTypes(json, "resources", mapping.resources),
    actions: mappedActions(json, mapping),
  };
}

async function inSteps<Result>(steps: Generator<unknown, Result, void>): Promise<Result> {
  let began = performance.now();
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) return step.value;
    if (performance.now() - began < STEP_MS) continue;
    await setImmediate();
    began = performance.now();
  }
}

/** Not a name that a schema's author chooses, and if one does it is the schema's own that is replaced here only. */
const readerOf = (kind: MappedKind, asked: string): string => `properties of ${kind} ${asked}`;

/** The schema with one action more for each mapped type with believed properties. */
function withReaders(
  schema: SchemaJson,
  { subjects, resources }: ApplicationDefinition["mapping"],
): SchemaJson {
  const namespace = namespaceOf(schema);
  const known = schema[namespace] ?? { entityTypes: {}, actions: {} };
  const readers = [
    ...readersFor(schema, "subjects", subjects),
    ...readersFor(schema, "resources", resources),
  ];
  return { [namespace]: { ...known, actions: { ...known.actions, ...Object.fromEntries(readers) } } };
}

function readersFor(
  schema: SchemaJson,
  kind: MappedKind,
  types: ApplicationDefinition["mapping"]["subjects"],
): [string, SchemaJson[string]["actions"][string]][] {
  return Object.entries(types).map(([asked, { type, properties }]) => {
    const shape = shapeOf(schema, type) ?? {};
    const attributes = properties.flatMap((name) => {
      const attribute = shape[name];
      return attribute === undefined ? [] : [[name, { ...attribute, required: false }] as const];
    });
    const context = { type: "Record", attributes: Object.fromEntries(attributes) };
    return [readerOf(kind, asked), { appliesTo: { principalTypes: [], resourceTypes: [], context } }];
  });
}

function mappedTypes(
  schema: SchemaJson,
  kind: MappedKind,
  types: ApplicationDefinition["mapping"]["subjects"],
): Map<string, MappedType> {
  return new Map(
    Object.entries(types).map(([asked, { type, properties }]) => [
      asked,
      { type, believed: properties, reader: { type: actionTypeOf(schema), id: readerOf(kind, asked) } },
    ]),
  );
}

function mappedActions(
  schema: SchemaJson,
  { actions, context }: ApplicationDefinition["mapping"],
): Map<string, MappedAction> {
  return new Map(
    Object.entries(actions).map(([asked, { action, properties }]) => {
      const known = contextAttributes(schema, action) ?? {};
      const mapped = {
        uid: { type: actionTypeOf(schema), id: action },
        ...appliesTo(schema, action),
        believed: properties,
        context: context.filter((name) => Object.hasOwn(known, name)),
        hasContext: Object.keys(known).length > 0,
      };
      return [asked, mapped];
    }),
  );
}
