import type { SchemaJson } from "@countersign/cedar";

/** Which side of a question a mapping speaks of. */
export type MappedKind = "subjects" | "resources";

type Namespace = SchemaJson[string];
type TypeJson = NonNullable<Namespace["commonTypes"]>[string];
/** The attributes of a record type. */
export type Attributes = NonNullable<TypeJson["attributes"]>;

/** Definitions may name each other; a chain longer than this is a circle. */
const LONGEST_CHAIN = 20;

/** The namespace of an application's schema, which has one or none. */
export const namespaceOf = (schema: SchemaJson): string => Object.keys(schema)[0] ?? "";

/** The type of the schema's actions. */
export const actionTypeOf = (schema: SchemaJson): string => {
  const namespace = namespaceOf(schema);
  return namespace === "" ? "Action" : `${namespace}::Action`;
};

/** The attributes of an entity type, by its full name; nothing where the schema does not define it. */
export function shapeOf(schema: SchemaJson, type: string): Attributes | undefined {
  const namespace = namespaceOf(schema);
  const short = namespace === "" ? type : type.slice(namespace.length + 2);
  if (namespace !== "" && !type.startsWith(`${namespace}::`)) return undefined;
  const types = schema[namespace]?.entityTypes ?? {};
  if (!Object.hasOwn(types, short)) return undefined;
  const shape = types[short]?.shape;
  return shape === undefined ? {} : recordAt(schema, shape);
}

/** What the context of an action holds; nothing for an action that is not defined or applies to nothing. */
export function contextAttributes(schema: SchemaJson, action: string): Attributes | undefined {
  const actions = schema[namespaceOf(schema)]?.actions ?? {};
  const applies = Object.hasOwn(actions, action) ? actions[action]?.appliesTo : undefined;
  if (applies === undefined) return undefined;
  return applies.context === undefined ? {} : recordAt(schema, applies.context);
}

/** The attributes of a type that is a record, itself or by the common types that it names. */
export function recordAt(schema: SchemaJson, type: TypeJson | undefined): Attributes | undefined {
  const common = schema[namespaceOf(schema)]?.commonTypes ?? {};
  let at = type;
  for (let i = 0; i < LONGEST_CHAIN && at !== undefined; i++) {
    if (at.type === "Record") return at.attributes ?? {};
    const name = (at.name ?? at.type).split("::").at(-1) ?? "";
    at = Object.hasOwn(common, name) ? common[name] : undefined;
  }
  return undefined;
}

/** Which principal and resource types an action applies to, by their full names. */
export function appliesTo(
  schema: SchemaJson,
  action: string,
): { readonly principals: ReadonlySet<string>; readonly resources: ReadonlySet<string> } {
  const namespace = namespaceOf(schema);
  const full = (type: string): string =>
    namespace === "" || type.startsWith(`${namespace}::`) ? type : `${namespace}::${type}`;
  const actions = schema[namespace]?.actions ?? {};
  const applies = Object.hasOwn(actions, action) ? actions[action]?.appliesTo : undefined;
  return {
    principals: new Set((applies?.principalTypes ?? []).map(full)),
    resources: new Set((applies?.resourceTypes ?? []).map(full)),
  };
}
