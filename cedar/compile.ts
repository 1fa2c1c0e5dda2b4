import { CompileError } from "./error.ts";
import { type Condition, compileCondition, compilePolicy, type Policy } from "./policy.ts";
import type { EntityUid, PolicyJson, PolicySource, TemplateLink } from "./policy-json.ts";
import { PolicySet } from "./policy-set.ts";
import { type Schema, schemaFrom } from "./schema/schema.ts";
import type { SchemaJson } from "./schema/schema-json.ts";
import { readScope } from "./scope.ts";
import { ScopeIndex } from "./scope-index.ts";

/**
 * Compiles policies, templates and links into closures, indexed by their scopes.
 *
 * @param source policies in Cedar's JSON form; text is turned into it by `@countersign/cedar/parse`
 * @param schema when given, decisions know the hierarchy of its actions even if the entities do not hold it
 * @throws CompileError naming the policy and the place in it
 */
export function compile(source: PolicySource, schema?: Schema | SchemaJson): PolicySet {
  const steps = compileInSteps(source, schema);
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}

/**
 * Compiles as `compile` does, but stops after every policy and template, so that a server can do other work in
 * between.
 *
 * @returns a generator that yields how many policies are ready and returns the set
 * @throws CompileError from `next`
 */
export function* compileInSteps(
  source: PolicySource,
  schema?: Schema | SchemaJson,
): Generator<number, PolicySet, void> {
  const known = schema === undefined ? undefined : schemaFrom(schema);
  const templates = new Map<string, Template>();
  for (const [id, json] of Object.entries(source.templates ?? {})) {
    templates.set(id, compileTemplate(id, json));
    yield 0;
  }
  const index = new ScopeIndex();
  const policies: Policy[] = [];
  for (const { id, json, slots, condition } of statedPolicies(source, templates)) {
    const policy = compilePolicy(id, policies.length, json, slots, condition());
    index.add(policy);
    yield policies.push(policy);
  }
  return new PolicySet(policies, index, known);
}

/** A policy to be compiled, or a link, whose condition is its template's. */
interface Stated {
  readonly id: string;
  readonly json: PolicyJson;
  readonly slots: TemplateLink["values"];
  readonly condition: () => Condition;
}

type Template = Pick<Stated, "json" | "condition">;

const anything: EntityUid = { type: "Anything", id: "" };

/** Compiles a template once for all its links. One without links must be sound as well. */
function compileTemplate(id: string, json: PolicyJson): Template {
  const condition = compileCondition(id, json);
  readScope(id, json, { "?principal": anything, "?resource": anything });
  return { json, condition: () => condition };
}

/** All policies and links, sorted by id. */
function statedPolicies(source: PolicySource, templates: ReadonlyMap<string, Template>): Stated[] {
  const policies = Object.entries(source.policies).map(([id, json]) => {
    return { id, json, slots: {}, condition: () => compileCondition(id, json) };
  });
  const stated = [...policies, ...(source.links ?? []).map((link) => linked(link, templates))];
  requireDistinct([...stated.map(({ id }) => id), ...templates.keys()]);
  return stated.sort((one, other) => (one.id < other.id ? -1 : 1));
}

function linked(link: TemplateLink, templates: ReadonlyMap<string, Template>): Stated {
  const found = templates.get(link.templateId);
  if (found === undefined) throw new CompileError(link.newId, "", `There is no template ${link.templateId}.`);
  return { ...found, id: link.newId, slots: link.values };
}

function requireDistinct(ids: readonly string[]): void {
  const seen = new Set<string>();
  for (const id of ids) {
    if (seen.has(id)) throw new CompileError(id, "", "The id is given twice.");
    seen.add(id);
  }
}
