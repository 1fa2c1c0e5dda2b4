import { coversAll, type Grant, parseGrants } from "../grant/index.ts";
import { VerificationError } from "../verification-error.ts";
import type { EdgeTrace } from "./trace.ts";
import { memberOf, numberIn, type TraceEvent, textIn, textsIn, told } from "./trace-event.ts";
import type { Trail } from "./trail.ts";

/** The longest chain there can be. What claims to be deeper hangs on nothing. */
const MOST_DEPTH = 8;

/** The delegations of a task by id, and those that hang on nothing known. */
export type Links = {
  byEdge: ReadonlyMap<string, EdgeTrace>;
  /** From the root to the edge. */
  pathOf: (edge: EdgeTrace) => EdgeTrace[];
  loose: EdgeTrace[];
};

/**
 * Hangs each delegation on the one that it names, and says of each that passes on more than it was given, or
 * joins nothing, why it proves nothing. Whoever hangs on such a link proves nothing either.
 */
export function linksOf(trail: Trail, root: EdgeTrace | undefined): Links {
  const byEdge = new Map<string, EdgeTrace>();
  const loose: EdgeTrace[] = [];
  const ends = endsOf(trail);
  if (root !== undefined) byEdge.set(root.edge, ended(root, ends));
  const pathOf = (edge: EdgeTrace): EdgeTrace[] => path(byEdge, edge);
  for (const [event, edge] of extensionsByDepth(trail)) {
    ended(edge, ends);
    if (byEdge.has(edge.edge)) {
      markRecordedTwice(byEdge, edge);
      loose.push(edge);
      continue;
    }
    const parent = parentOf(byEdge, edge);
    byEdge.set(edge.edge, edge);
    if (parent === undefined) {
      loose.push(unproven(edge, ["it hangs on no known delegation"]));
      continue;
    }
    parent.children.push(edge);
    unproven(edge, linkProblems(event, edge, pathOf(parent)));
    if (edge.problems.length === 0) edge.passed = sameGrants(parent, edge) ? "delegated" : "narrowed";
  }
  for (const top of [...loose, ...(root === undefined ? [] : [root])]) spreadDoubt(top);
  return { byEdge, pathOf, loose };
}

/** A parent stands one step higher by its own word, so that no ring and no endless chain can be claimed. */
function extensionsByDepth(trail: Trail): [TraceEvent, EdgeTrace][] {
  const extensions = trail
    .of("delegation.extended")
    .map((event): [TraceEvent, EdgeTrace] => [event, readEdge(event)]);
  return extensions.sort(([, a], [, b]) => (a.depth ?? 0) - (b.depth ?? 0));
}

function readEdge({ id, at, body }: TraceEvent): EdgeTrace {
  const grants = grantsIn(body);
  return told({
    edge: textIn(body, "edge") ?? "unknown",
    event: id,
    at,
    parent: textIn(body, "parent"),
    from: textIn(body, "from") ?? "unknown",
    to: textIn(body, "to") ?? "unknown",
    depth: numberIn(body, "depth"),
    grants: grants ?? [],
    passed: "unproven" as const,
    problems: grants === undefined ? ["its grants cannot be read"] : [],
    expires: numberIn(body, "expires"),
    decision: textIn(body, "decision"),
    policies: textsIn(body, "policies"),
    policyVersion: textIn(body, "policy_version"),
    entries: [],
    children: [],
  });
}

function grantsIn(attackerBody: TraceEvent["body"]): Grant[] | undefined {
  try {
    return parseGrants(memberOf(attackerBody, "grants") ?? null);
  } catch (error) {
    if (error instanceof VerificationError) return undefined;
    throw error;
  }
}

function parentOf(
  byEdge: ReadonlyMap<string, EdgeTrace>,
  { parent, depth = 0 }: EdgeTrace,
): EdgeTrace | undefined {
  const found = parent === undefined ? undefined : byEdge.get(parent);
  return depth >= 2 && depth <= MOST_DEPTH && found?.depth === depth - 1 ? found : undefined;
}

function linkProblems(event: TraceEvent, edge: EdgeTrace, above: readonly EdgeTrace[]): string[] {
  const parent = above.at(-1);
  if (parent === undefined) return ["it hangs on no known delegation"];
  const rules: [boolean, string][] = [
    [edge.from === parent.to, "it was given by an agent that does not hold what it hangs on"],
    [
      event.actor.kind === "agent" && event.actor.principal === edge.from,
      "another than its giver recorded it",
    ],
    [above.every(({ to }) => to !== edge.to), "its agent stands in the chain already"],
    [coversAll(parent.grants, edge.grants), "it gives more than it hangs on"],
    [edge.expires !== undefined && edge.expires <= (parent.expires ?? 0), "it outlasts what it hangs on"],
    [isAt(parent, edge.at), "what it hangs on had no force at that time"],
  ];
  return rules.filter(([holds]) => !holds).map(([, problem]) => problem);
}

/** Two delegations of one name: neither can be told from a forged one. */
function markRecordedTwice(byEdge: ReadonlyMap<string, EdgeTrace>, edge: EdgeTrace): void {
  const first = byEdge.get(edge.edge);
  const problem = "it is recorded more than once";
  if (first !== undefined && !first.problems.includes(problem)) unproven(first, [problem]);
  unproven(edge, [problem]);
}

/** When each delegation was ended before its time; the first word counts. */
function endsOf(trail: Trail): ReadonlyMap<string, number> {
  const ends = new Map<string, number>();
  for (const { at, body } of trail.of("delegation.ended")) {
    const edge = textIn(body, "edge") ?? "";
    if (!ends.has(edge)) ends.set(edge, at);
  }
  return ends;
}

function ended(edge: EdgeTrace, ends: ReadonlyMap<string, number>): EdgeTrace {
  const at = ends.get(edge.edge);
  if (at !== undefined) edge.endedAt = at;
  return edge;
}

function spreadDoubt(edge: EdgeTrace): void {
  for (const child of edge.children) {
    if (edge.passed === "unproven") unproven(child, ["it hangs on a delegation that is not proven"]);
    spreadDoubt(child);
  }
}

function unproven(edge: EdgeTrace, problems: readonly string[]): EdgeTrace {
  edge.problems.push(...problems);
  if (edge.problems.length > 0) edge.passed = "unproven";
  return edge;
}

const sameGrants = (parent: EdgeTrace, child: EdgeTrace): boolean => coversAll(child.grants, parent.grants);

/** Whether a delegation had begun and had not ended at a moment, milliseconds since 1970. */
export const isAt = (
  { at, expires = 0, endedAt = Number.POSITIVE_INFINITY }: EdgeTrace,
  moment: number,
): boolean => at <= moment && moment < expires && moment <= endedAt;

function path(byEdge: ReadonlyMap<string, EdgeTrace>, edge: EdgeTrace): EdgeTrace[] {
  const links = [edge];
  for (let [link] = links; link?.parent !== undefined && links.length <= MOST_DEPTH; [link] = links) {
    const parent = byEdge.get(link.parent);
    if (parent === undefined) break;
    links.unshift(parent);
  }
  return links;
}
