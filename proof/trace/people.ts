import type { EdgeTrace, Entry, Trace } from "./trace.ts";

/** The ids of the people in a trace, for whoever looks up their names. */
export function peopleIn(trace: Trace): string[] {
  const { requested, ended, consents, root, unplaced } = trace;
  const edges = [...(root === undefined ? [] : [root]), ...unplaced.edges].flatMap(withChildren);
  const entries = [...unplaced.entries, ...edges.flatMap((edge) => edge.entries)];
  const people = [
    requested?.person,
    personOf(requested?.by),
    personOf(ended?.by),
    ...consents.map(({ person }) => person),
    ...entries.flatMap(peopleOf),
  ];
  return [...new Set(people.filter((person) => person !== undefined))].sort();
}

/** An edge and all that hang on it. */
export const withChildren = (edge: EdgeTrace): EdgeTrace[] => [edge, ...edge.children.flatMap(withChildren)];

function peopleOf(entry: Entry): (string | undefined)[] {
  if (entry.kind === "approval") return entry.answers.map(({ person }) => person);
  return entry.kind === "refusal" ? [personOf(entry.by)] : [];
}

const personOf = (by: { kind: string; principal: string } | undefined): string | undefined =>
  by?.kind === "person" ? by.principal : undefined;
