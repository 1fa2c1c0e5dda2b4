import type { CedarValue, EngineRequest, EntityRef } from "./engine.ts";
import { type Path, pathsRead } from "./paths-read.ts";
import type { Policy } from "./policy.ts";
import { shown } from "./shown.ts";

/** A value that a policy looked at, for people. */
export interface ValueRead {
  /** Such as `context.args.amount`. */
  readonly path: string;
  /** In Cedar's own form, shortened; what does not show is written out. Absent where there is nothing. */
  readonly value?: string;
}

/** More values of one policy than anybody reads. */
const MOST_VALUES = 20;

/** What a policy looked at, each once, in the order of its text. Values may be the agent's own words. */
export function valuesRead({ json }: Policy, request: EngineRequest): ValueRead[] {
  const read = new Map<string, ValueRead>();
  for (const path of pathsRead(json.conditions)) {
    const text = inWords(path);
    // That `x` was asked for says nothing where `x.y` is shown beside it.
    if (!read.has(text)) read.set(text, { path: text, ...shownAt(path, request) });
    if (read.size >= MOST_VALUES) break;
  }
  const all = [...read.values()];
  return all.filter(({ path }) => !all.some((other) => other.path.startsWith(`${path}.`)));
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

function inWords({ variable, names, tag }: Path): string {
  const attributes = names.map((name) => (IDENTIFIER.test(name) ? `.${name}` : `[${shown(name)}]`));
  return `${variable}${attributes.join("")}${tag === undefined ? "" : `.getTag(${shown(tag)})`}`;
}

function shownAt(path: Path, request: EngineRequest): { value?: string } {
  const found = valueAt(path, request);
  return found === undefined ? {} : { value: shown(found) };
}

/** What stands at the end of a path; references on the way are followed. */
function valueAt({ variable, names, tag }: Path, request: EngineRequest): CedarValue | undefined {
  const start: CedarValue = variable === "context" ? request.context : { __entity: request[variable] };
  const end = names.reduce<CedarValue | undefined>((from, name) => memberOf(from, name, request), start);
  return tag === undefined ? end : ownOf(entityAt(end, request)?.tags, tag);
}

function memberOf(
  from: CedarValue | undefined,
  name: string,
  request: EngineRequest,
): CedarValue | undefined {
  return isReference(from) ? ownOf(entityAt(from, request)?.attrs, name) : ownOf(from, name);
}

function entityAt(reference: CedarValue | undefined, { entities }: EngineRequest) {
  if (!isReference(reference)) return undefined;
  const { type, id } = reference.__entity;
  return entities.find(({ uid }) => uid.type === type && uid.id === id);
}

const isReference = (value: CedarValue | undefined): value is { readonly __entity: EntityRef } =>
  typeof value === "object" && Object.hasOwn(value, "__entity");

function ownOf(from: CedarValue | undefined, name: string): CedarValue | undefined {
  if (typeof from !== "object" || Array.isArray(from) || !Object.hasOwn(from, name)) return undefined;
  return (from as Record<string, CedarValue>)[name];
}
