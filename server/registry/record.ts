import { canonicalize, type Json } from "@countersign/proof/jcs";

/** The record as an update leaves it: `undefined` leaves a member as it is, `null` takes it away. */
export function withoutNull<Subject extends object>(
  record: Subject,
  update: { [Member in keyof Subject]?: Subject[Member] | null | undefined },
): Subject {
  const said = Object.entries(update).filter(([, value]) => value !== undefined);
  const merged = { ...record, ...Object.fromEntries(said) };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null)) as Subject;
}

/** The members in which two records differ, in alphabetical order. */
export function changedMembers<Subject extends object>(before: Subject, after: Subject): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  const [a, b] = [before, after] as Record<string, unknown>[];
  return names.filter((name) => !same(a?.[name], b?.[name]));
}

/** Without the members that are `undefined`, which JSON cannot hold. */
export const defined = <Members extends object>(
  members: Members,
): { [Name in keyof Members]: Exclude<Members[Name], undefined> } =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never;

/** Whether two values are the same JSON. */
export const same = (a: unknown, b: unknown): boolean =>
  a === b || (a !== undefined && b !== undefined && canonicalize(a as Json) === canonicalize(b as Json));
