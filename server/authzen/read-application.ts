import { schemaToJson, validate } from "@cedar-policy/cedar-wasm/nodejs";
import { compile, ReadError, readEntities, type SchemaJson } from "@countersign/cedar";
import { at, type Policy, type Problem, readPolicies, within } from "../policy/index.ts";
import { type ApplicationDefinition, OWN_SUBJECT } from "./application.ts";
import { actionTypeOf, contextAttributes, type MappedKind, recordAt, shapeOf } from "./schema-parts.ts";

/** A definition that was read and found right: data alone, so that one thread may read what another compiles. */
export interface ReadApplication {
  readonly schema: SchemaJson;
  readonly policies: readonly Policy[];
}

/**
 * Reads a definition and finds everything that is wrong about it: what Cedar's strict validator finds, policies
 * without id or reason, a mapping or a directory that speaks of what the schema does not define.
 */
export function readApplication(
  definition: ApplicationDefinition,
): { readonly read: ReadApplication } | { readonly problems: readonly Problem[] } {
  const answer = schemaToJson(definition.schema);
  if (answer.type === "failure")
    return { problems: answer.errors.map((error) => within(schemaPlace(definition), error)) };
  const schema = answer.json as SchemaJson;
  const files = definition.policies.map(({ name, text }) => readPolicies({ name, text }));
  const policies = files.flatMap((file) => file.policies);
  const formal = [
    ...namespaces(definition, schema),
    ...files.flatMap(({ problems }) => problems),
    ...sharedNames(definition),
    ...policies.flatMap(unfit),
    ...sharedIds(policies),
  ];
  if (formal.length > 0) return { problems: formal };
  const problems = [
    ...validated(definition, policies),
    ...mappingProblems(definition, schema),
    ...directoryProblems(definition, schema),
  ].filter(({ severity }) => severity === "error");
  if (problems.length > 0) return { problems };
  compile({ policies: Object.fromEntries(policies.map(({ id, json }) => [id, json])) }, schema);
  return { read: { schema, policies } };
}

const schemaPlace = ({ schema }: ApplicationDefinition) => ({
  file: "schema.cedarschema",
  text: schema,
  offset: 0,
});

const problemIn = (file: string, message: string): Problem => at({ file, text: "", offset: 0 }, message);

function namespaces(definition: ApplicationDefinition, schema: SchemaJson): Problem[] {
  if (Object.keys(schema).length <= 1) return [];
  return [at(schemaPlace(definition), "The schema has one namespace, or none.")];
}

function sharedNames({ policies }: ApplicationDefinition): Problem[] {
  const names = policies.map(({ name }) => name);
  const twice = new Set(names.filter((name, i) => names.indexOf(name) !== i));
  return [...twice].map((name) => problemIn(`${name}.cedar`, `Two files are named ${name}.`));
}

/** Nobody is asked by an evaluation, so what only people's yes could lift has no place here. */
function unfit({ id, file, line, column, lift }: Policy): Problem[] {
  if (lift === undefined) return [];
  const message = "@lift has no meaning for an application: nobody is asked. Leave it out.";
  return [{ severity: "error", file, policy: id, line, column, message }];
}

function sharedIds(policies: readonly Policy[]): Problem[] {
  const seen = new Map<string, string>();
  return policies.flatMap(({ id, file, line, column }): Problem[] => {
    const earlier = seen.get(id);
    seen.set(id, file);
    if (earlier === undefined) return [];
    const message = `The id ${id} is taken by a policy in ${earlier}.`;
    return [{ severity: "error", file, policy: id, line, column, message }];
  });
}

function validated(definition: ApplicationDefinition, policies: readonly Policy[]): Problem[] {
  const answer = validate({
    validationSettings: { mode: "strict" },
    schema: definition.schema,
    policies: { staticPolicies: Object.fromEntries(policies.map(({ id, text }) => [id, text])) },
  });
  if (answer.type === "failure") return answer.errors.map((error) => within(schemaPlace(definition), error));
  return answer.validationErrors.map(({ policyId, error }) => {
    const policy = policies.find(({ id }) => id === policyId);
    const file = definition.policies.find(({ name }) => `${name}.cedar` === policy?.file);
    const text = file?.text ?? "";
    const offset = Math.max(text.indexOf(policy?.text ?? ""), 0);
    return within({ file: policy?.file ?? "", text, offset }, error, policyId);
  });
}

function mappingProblems({ mapping }: ApplicationDefinition, schema: SchemaJson): Problem[] {
  const say = (message: string): Problem => problemIn("mapping", message);
  return [
    ...(Object.hasOwn(mapping.subjects, OWN_SUBJECT)
      ? [say(`The subject type ${OWN_SUBJECT} is Countersign's own: choose another name.`)]
      : []),
    ...mappedTypes("subjects", mapping.subjects, schema),
    ...mappedTypes("resources", mapping.resources, schema),
    ...mappedActions(mapping, schema),
  ].map((problem) => (typeof problem === "string" ? say(problem) : problem));
}

function mappedTypes(
  kind: MappedKind,
  types: ApplicationDefinition["mapping"]["subjects"],
  schema: SchemaJson,
): string[] {
  return Object.entries(types).flatMap(([asked, { type, properties }]) => {
    const shape = shapeOf(schema, type);
    if (shape === undefined) return [`${kind}.${asked}: the schema defines no entity type ${type}.`];
    return properties
      .filter((name) => !Object.hasOwn(shape, name))
      .map((name) => `${kind}.${asked}: ${type} has no attribute ${name}.`);
  });
}

function mappedActions({ actions, context }: ApplicationDefinition["mapping"], schema: SchemaJson): string[] {
  const contexts = Object.values(actions).map(({ action }) => contextAttributes(schema, action));
  const unknown = context.filter(
    (name) =>
      name === "action" || !contexts.some((known) => known !== undefined && Object.hasOwn(known, name)),
  );
  return [
    ...Object.entries(actions).flatMap(([asked, { action, properties }]) => {
      const known = contextAttributes(schema, action);
      if (known === undefined)
        return [
          `actions.${asked}: the schema defines no ${actionTypeOf(schema)}::"${action}" that applies to anything.`,
        ];
      const inAction = recordAt(schema, known.action);
      return properties
        .filter((name) => inAction === undefined || !Object.hasOwn(inAction, name))
        .map((name) => `actions.${asked}: its context has no action.${name}.`);
    }),
    ...unknown.map((name) => `context: no mapped action has ${name} in its context.`),
  ];
}

function directoryProblems({ entities }: ApplicationDefinition, schema: SchemaJson): Problem[] {
  try {
    readEntities(entities, schema);
    return [];
  } catch (error) {
    if (error instanceof ReadError) return [problemIn("entities", error.message)];
    throw error;
  }
}
