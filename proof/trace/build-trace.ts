import { actionsOf } from "./actions.ts";
import { approvalsOf } from "./approvals.ts";
import { type Links, linksOf } from "./links.ts";
import { offlineActionsOf } from "./offline-actions.ts";
import { refusalsOf } from "./refusals.ts";
import { consentsOf, rootOf } from "./root.ts";
import { planIn, stepsOf } from "./steps.ts";
import { tokensOf } from "./tokens.ts";
import type { EdgeTrace, Entry, TaskState, Trace } from "./trace.ts";
import { numberIn, type TraceEvent, textIn, told } from "./trace-event.ts";
import { type Trail, trailOf } from "./trail.ts";

/** The kinds of event that a trace shows something of. */
const SHOWN = new Set([
  "task.requested",
  "task.started",
  "consent.given",
  "consent.refused",
  "task.opened",
  "task.closed",
  "task.expired",
  "delegation.extended",
  "delegation.ended",
  "token.issued",
  "token.revoked",
  "tool.called",
  "tool.returned",
  "approval.requested",
  "approval.answered",
  "approval.spent",
  "approval.expired",
  "request.refused",
  "call.refused",
  "plan.step",
  "plan.drifted",
  "warrant.used",
]);

/**
 * The action-to-identity trace of a task: who asked, who delegated what to whom, every action and refusal,
 * and by what right. Pure, and the same for the same events in any order. It refuses nothing and invents
 * nothing: what these events do not show is left out, or called unproven or autonomous, with the reason.
 *
 * @param attackerEvents the task's events, and the `passkey.enrolled` events of the people who signed; any
 *   other, and what is no event, changes nothing
 * @param task the id of the task
 */
export function buildTrace(attackerEvents: readonly TraceEvent[], task: string): Trace {
  const trail = trailOf(attackerEvents, task);
  const consents = consentsOf(trail);
  const root = rootOf(trail, consents);
  const links = linksOf(trail, root);
  const end = endOf(trail);
  const entries = entriesOf(trail, links, end?.at ?? Number.POSITIVE_INFINITY);
  const held = Map.groupBy(links.byEdge.values(), ({ to }) => to);
  const unplaced = {
    edges: links.loose,
    entries: entries.filter((entry) => !place(held.get(entry.agent ?? "") ?? [], entry)),
  };
  return told({
    task,
    state: stateOf(trail, end),
    requested: requestedOf(trail),
    ended: end && { event: end.id, at: end.at, by: { kind: end.actor.kind, principal: end.actor.principal } },
    consents: consents.map(({ trace }) => trace),
    root,
    unplaced,
    events: trail.count,
    notShown: trail.types.reduce((sum, type) => sum + (SHOWN.has(type) ? 0 : trail.of(type).length), 0),
  });
}

function entriesOf(trail: Trail, links: Links, endedAt: number): Entry[] {
  const [tokens, approvals] = [tokensOf(trail), approvalsOf(trail)];
  const entries: Entry[] = [
    ...[...tokens.values()].map(({ entry }) => entry),
    ...approvals.values(),
    ...actionsOf(trail, { links, tokens, approvals, used: new Set(), endedAt }),
    ...offlineActionsOf(trail),
    ...refusalsOf(trail),
    ...stepsOf(trail),
  ];
  return entries.sort((a, b) => a.at - b.at || (a.event < b.event ? -1 : 1));
}

/** Puts an entry under the delegation of its agent that it rests on, and says whether there is one such. */
function place(held: readonly EdgeTrace[], entry: Entry): boolean {
  const named = "edge" in entry ? entry.edge : undefined;
  const edge = named === undefined ? only(held) : held.find((each) => each.edge === named);
  edge?.entries.push(entry);
  return edge !== undefined;
}

/** What names no delegation is placed only where the agent holds just one: anything else would be a guess. */
const only = (held: readonly EdgeTrace[]): EdgeTrace | undefined => (held.length === 1 ? held[0] : undefined);

function requestedOf(trail: Trail): Trace["requested"] {
  const [event] = [...trail.of("task.requested"), ...trail.of("task.started")];
  if (event === undefined) return undefined;
  const { id, at, actor, about, body } = event;
  const { kind, principal, strength, via } = actor;
  return told({
    event: id,
    at,
    by: { kind, principal, strength, via },
    person: about.person,
    agent: textIn(body, "agent"),
    startedBy: textIn(body, "started_by"),
    on: textIn(body, "on"),
    instruction: textIn(body, "instruction"),
    purpose: textIn(body, "purpose"),
    deadline: numberIn(body, "deadline"),
    plan: planIn(body),
  });
}

const ENDS = { "task.closed": "closed", "task.expired": "expired", "consent.refused": "refused" } as const;

function endOf(trail: Trail): TraceEvent | undefined {
  const ends = Object.keys(ENDS).flatMap((type) => trail.of(type));
  return ends.sort((a, b) => a.at - b.at)[0];
}

function stateOf(trail: Trail, end: TraceEvent | undefined): TaskState {
  if (end !== undefined) return ENDS[end.type as keyof typeof ENDS];
  if (trail.of("task.opened").length > 0) return "active";
  return trail.of("task.requested").length > 0 ? "awaiting-consent" : "unknown";
}
