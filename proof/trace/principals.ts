import type { EdgeTrace, Entry, Trace } from "./trace.ts";

/** The ids of the people and services in a trace, for whoever looks up their names. */
export function principalsIn(trace: Trace): string[] {
  const { requested, ended, consents, root, unplaced } = trace;
  const edges = [...(root === undefined ? [] : [root]), ...unplaced.edges].flatMap(withChildren);
  const entries = [...unplaced.entries, ...edges.flatMap((edge) => edge.entries)];
  const principals = [
    requested?.person,
    principalOf(requested?.by),
    principalOf(ended?.by),
    ...consents.map(({ person }) => person),
    ...entries.flatMap(peopleOf),
  ];
  return [...new Set(principals.filter((principal) => principal !== undefined))].sort();
}

/** An edge and all that hang on it. */
export const withChildren = (edge: EdgeTrace): EdgeTrace[] => [edge, ...edge.children.flatMap(withChildren)];

function peopleOf(entry: Entry): (string | undefined)[] {
  if (entry.kind === "approval") return entry.answers.map(({ person }) => person);
  return entry.kind === "refusal" ? [principalOf(entry.by)] : [];
}

const principalOf = (by: { kind: string; principal: string } | undefined): string | undefined =>
  by?.kind === "person" || by?.kind === "service" ? by.principal : undefined;
