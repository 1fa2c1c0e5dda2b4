import { stepWords } from "./steps.ts";
import type { RefusalEntry } from "./trace.ts";
import { memberOf, numberIn, type TraceEvent, textIn, textsIn, told } from "./trace-event.ts";
import type { Trail } from "./trail.ts";

/** The codes with which somebody is told to wait for people. */
const WAITING = new Set(["approval-required", "authorization-pending", "slow-down"]);

const READ: Readonly<Record<string, (event: TraceEvent) => RefusalEntry>> = {
  "call.refused": readTurnedAway,
  "plan.drifted": readDrift,
};

/** What was refused, oldest first. The same again and again is one entry, counted. */
export function refusalsOf(trail: Trail): RefusalEntry[] {
  const standing = new Map<string, RefusalEntry>();
  const entries: RefusalEntry[] = [];
  for (const event of trail.of("request.refused", "call.refused", "plan.drifted")) {
    const entry = READ[event.type]?.(event) ?? readRefusal(event);
    const who = entry.agent ?? entry.by?.principal ?? "";
    const last = standing.get(who);
    if (last !== undefined && sameRefusal(last, entry)) {
      last.times += 1;
      last.lastAt = entry.at;
      continue;
    }
    standing.set(who, entry);
    entries.push(entry);
  }
  return entries;
}

function readRefusal({ id, at, actor, about, body }: TraceEvent): RefusalEntry {
  const details = memberOf(body, "details");
  const code = textIn(body, "code");
  const asks = textIn(details, "verdict") === "require-approval" || WAITING.has(code ?? "");
  return told({
    kind: "refusal" as const,
    event: id,
    at,
    agent: agentBehind(actor, about),
    by: actor.kind === "agent" ? undefined : { kind: actor.kind, principal: actor.principal },
    action: textIn(details, "action") ?? textIn(body, "action") ?? "unknown",
    verdict: asks ? ("require-approval" as const) : ("deny" as const),
    code,
    why: textIn(body, "why"),
    tool: textIn(details, "tool"),
    to: textIn(details, "to"),
    resource: textIn(details, "resource"),
    decision: textIn(details, "decision"),
    policies: textsIn(details, "policies"),
    policyVersion: textIn(details, "policyVersion") ?? textIn(details, "policy_version"),
    approval: textIn(details, "approval"),
    times: 1,
    lastAt: at,
  });
}

/** What a service turned away by itself. The agent is the one whose token came with the call. */
function readTurnedAway({ id, at, actor, about, body }: TraceEvent): RefusalEntry {
  return told({
    kind: "refusal" as const,
    event: id,
    at,
    agent: about.agent,
    by: { kind: actor.kind, principal: actor.principal },
    action: "call",
    verdict: "deny" as const,
    code: textIn(body, "error"),
    why: textIn(body, "why"),
    tool: textIn(body, "tool"),
    resource: textIn(body, "resource"),
    policies: [],
    times: 1,
    lastAt: at,
  });
}

/** A call that the plan did not have. */
function readDrift({ id, at, actor, about, body }: TraceEvent): RefusalEntry {
  return told({
    kind: "refusal" as const,
    event: id,
    at,
    agent: about.agent,
    by: { kind: actor.kind, principal: actor.principal },
    action: "call",
    verdict: "deny" as const,
    code: "denied",
    why: `outside the plan, after ${stepWords({ step: numberIn(body, "step") ?? 0, of: numberIn(body, "of") ?? 0 })}`,
    tool: textIn(body, "tool"),
    edge: textIn(body, "edge"),
    policies: ["plan-drift"],
    times: 1,
    lastAt: at,
  });
}

/** An agent that asks is refused itself; a service asks about the agent that calls it. */
function agentBehind(actor: TraceEvent["actor"], about: TraceEvent["about"]): string | undefined {
  if (actor.kind === "agent") return actor.principal;
  return actor.kind === "service" ? about.agent : undefined;
}

/** The same but for the time and the ids that each attempt gets anew. */
function sameRefusal(a: RefusalEntry, b: RefusalEntry): boolean {
  const gist = ({ verdict, action, tool, to, resource, policies, approval, by }: RefusalEntry) =>
    JSON.stringify([verdict, action, tool, to, resource, policies, approval, by]);
  return gist(a) === gist(b) && (a.verdict === "require-approval" || a.code === b.code);
}
