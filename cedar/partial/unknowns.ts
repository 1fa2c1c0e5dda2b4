import { ReadError } from "../error.ts";
import { type CedarRecord, emptyRecord, isRecord } from "../record.ts";
import type { Value } from "../value.ts";
import type { KnownMembers, UnknownMembers } from "./outcome.ts";

/** What of the context is unknown: all of it, or some members. */
export type Unknowns = "all" | UnknownMembers;

type Growing = Map<string, "unknown" | Growing>;

/**
 * Reads which members of a context are unknown.
 *
 * @param paths as in a partial request
 * @throws ReadError when a path is malformed, or names something that the context does give
 */
export function unknownsIn(context: CedarRecord, paths: readonly (string | readonly string[])[]): Unknowns {
  const unknown: Growing = new Map();
  const ways = paths.map(namesOf);
  if (ways.some((names) => names.length === 0)) return everything(context);
  for (const names of ways) mark(context, unknown, names);
  return unknown;
}

/** "context.args.amount" is written with its variable, so that no name can be taken for it. */
function namesOf(path: string | readonly string[]): readonly string[] {
  if (typeof path !== "string") return path;
  const [variable, ...names] = path.split(".");
  if (variable === "context" && !names.includes("")) return names;
  throw new ReadError(path, "An unknown member is named as context.member, or by a list of names.");
}

function everything(context: CedarRecord): "all" {
  for (const name in context) throw contradiction([name]);
  return "all";
}

/** What lies below a member that is itself missing cannot be told apart from it: then all of it is unknown. */
function mark(context: CedarRecord, unknown: Growing, names: readonly string[]): void {
  let [record, marks] = [context, unknown];
  for (const [index, name] of names.entries()) {
    const value = record[name];
    if (value === undefined) {
      marks.set(name, "unknown");
      return;
    }
    if (index === names.length - 1 || !isRecord(value)) throw contradiction(names);
    [record, marks] = [value, below(marks, name)];
  }
}

function below(marks: Growing, name: string): Growing {
  const found = marks.get(name);
  const inner: Growing = found instanceof Map ? found : new Map();
  marks.set(name, inner);
  return inner;
}

function contradiction(names: readonly string[]): ReadError {
  return new ReadError(`context.${names.join(".")}`, "The member is said to be unknown, but it is given.");
}

/**
 * A record with its unknown members filled in. Those that are not given are missing.
 *
 * @throws ReadError when something is given that was known before
 */
export function fill(
  { known, unknown }: KnownMembers,
  given: CedarRecord,
  path: readonly string[],
): CedarRecord {
  const filled = Object.assign(emptyRecord(), known);
  for (const [name, value] of Object.entries(given)) {
    const inner = unknown.get(name);
    if (inner === "unknown") filled[name] = value;
    else filled[name] = fillWithin(known[name], inner, value, [...path, name]);
  }
  return filled;
}

function fillWithin(
  known: Value | undefined,
  unknown: UnknownMembers | undefined,
  given: Value,
  path: readonly string[],
): CedarRecord {
  if (unknown !== undefined && isRecord(known) && isRecord(given))
    return fill({ known, unknown }, given, path);
  throw new ReadError(path.join("."), "Only what was unknown can be made known now.");
}
