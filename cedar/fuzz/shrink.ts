import type { Clause, PolicyJson, PolicySource } from "../policy-json.ts";
import type { EntityJson } from "./entities.ts";
import { smallerExpressions } from "./shrink-expression.ts";
import { smallerJson } from "./shrink-json.ts";
import type { RequestJson, World } from "./world.ts";

/** Each is the world with one part less: the boldest cuts first, because the first that still fails is taken. */
export function* smallerWorlds(world: World): Generator<World> {
  if (world.requests.length > 1) {
    for (const request of world.requests) yield { ...world, requests: [request] };
    return;
  }
  if (world.form === "text") yield { ...world, form: "json" };
  yield* smallerEntities(world);
  for (const source of smallerSources(world.source)) yield { ...world, source };
  yield* smallerContexts(world);
  yield* smallerSchemas(world);
}

function* smallerEntities(world: World): Generator<World> {
  for (const entities of halves(world.entities)) yield { ...world, entities };
  for (const entities of without(world.entities)) yield { ...world, entities };
  for (const [position, entity] of world.entities.entries()) {
    for (const smaller of smallerEntity(entity)) {
      yield { ...world, entities: world.entities.with(position, smaller) };
    }
  }
}

function* smallerEntity(entity: EntityJson): Generator<EntityJson> {
  const { tags, ...untagged } = entity;
  if (tags !== undefined) yield untagged;
  for (const attrs of smallerJson(entity.attrs)) yield { ...entity, attrs: attrs as EntityJson["attrs"] };
  for (const parents of without(entity.parents)) yield { ...entity, parents };
}

function* smallerContexts(world: World): Generator<World> {
  const [request] = world.requests;
  if (request === undefined) return;
  for (const context of smallerJson(request.context)) {
    yield { ...world, requests: [{ ...request, context: context as RequestJson["context"] }] };
  }
}

/** Without a schema at all, or with less of one; the oracle refuses most, and what it refuses does not count. */
function* smallerSchemas(world: World): Generator<World> {
  const { schema, ...free } = world;
  if (schema === undefined) return;
  yield free;
  for (const smaller of smallerJson(schema)) yield { ...world, schema: smaller };
}

function* smallerSources(source: PolicySource): Generator<PolicySource> {
  const { templates = {}, links = [], policies } = source;
  if (Object.keys(templates).length > 0) yield { policies };
  for (const fewer of withoutMember(policies)) yield { ...source, policies: fewer };
  for (const fewer of without(links)) yield { ...source, links: fewer };
  for (const [id, policy] of Object.entries(policies)) {
    for (const smaller of smallerPolicies(policy)) yield { ...source, policies: put(policies, id, smaller) };
  }
  for (const [id, template] of Object.entries(templates)) {
    for (const conditions of smallerConditions(template.conditions)) {
      yield { ...source, templates: put(templates, id, { ...template, conditions }) };
    }
  }
}

function* smallerPolicies(policy: PolicyJson): Generator<PolicyJson> {
  for (const part of ["principal", "action", "resource"] as const) {
    if (policy[part].op !== "All") yield { ...policy, [part]: { op: "All" } };
  }
  for (const conditions of smallerConditions(policy.conditions)) yield { ...policy, conditions };
}

function* smallerConditions(conditions: readonly Clause[]): Generator<readonly Clause[]> {
  yield* without(conditions);
  for (const [position, { kind, body }] of conditions.entries()) {
    for (const smaller of smallerExpressions(body)) yield conditions.with(position, { kind, body: smaller });
  }
}

function* halves<T>(items: readonly T[]): Generator<readonly T[]> {
  if (items.length < 4) return;
  const middle = Math.floor(items.length / 2);
  yield items.slice(0, middle);
  yield items.slice(middle);
}

function* without<T>(items: readonly T[]): Generator<readonly T[]> {
  for (const position of items.keys()) yield items.toSpliced(position, 1);
}

function* withoutMember<T extends object>(members: T): Generator<T> {
  for (const left of without(Object.entries(members))) yield Object.fromEntries(left) as T;
}

const put = <T>(members: Readonly<Record<string, T>>, name: string, value: T): Record<string, T> =>
  Object.fromEntries(Object.entries(members).map(([each, old]) => [each, each === name ? value : old]));
