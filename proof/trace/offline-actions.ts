import type { ActionEntry } from "./trace.ts";
import { memberOf, type TraceEvent, textIn, told } from "./trace-event.ts";
import type { Trail } from "./trail.ts";

/**
 * The calls that services let pass on chains of warrants, with nobody asked, in the order in which they were told
 * of. Nobody decided about them: none is more than autonomous.
 */
export function offlineActionsOf(trail: Trail): ActionEntry[] {
  const byProof = Map.groupBy(trail.of("warrant.used"), proofOf);
  return [...byProof.values()].flatMap((events) => {
    const called = events.find(({ body }) => textIn(body, "phase") === "called");
    return called === undefined ? [] : [actionOf(called, events)];
  });
}

/** One call: what one service tells of one proof of possession. */
const proofOf = ({ body }: TraceEvent): string => `${textIn(body, "service")} ${textIn(body, "proof")}`;

function actionOf({ id, at, about, body }: TraceEvent, ofProof: readonly TraceEvent[]): ActionEntry {
  const end = ofProof.find((each) => ["returned", "failed"].includes(textIn(each.body, "phase") ?? ""));
  const phase = textIn(end?.body, "phase");
  return told({
    kind: "action" as const,
    event: id,
    at,
    agent: about.agent,
    action: textIn(body, "proof") ?? "unknown",
    tool: textIn(body, "tool") ?? "unknown",
    resource: textIn(body, "resource"),
    service: textIn(body, "service"),
    instance: textIn(body, "instance"),
    args: textIn(body, "args"),
    jti: textIn(body, "root"),
    right: "autonomous" as const,
    problems: problemsIn(body),
    policies: [],
    outcome: phase === "returned" ? "executed" : (phase ?? "allowed"),
    returnedAt: end?.at,
  });
}

const problemsIn = (body: TraceEvent["body"]): string[] => [
  "a service let it pass on a chain of warrants, with nobody asked",
  ...(memberOf(body, "as_named") === true ? [] : ["a link of the chain is held by another than it names"]),
  ...(memberOf(body, "revoked") === false ? [] : ["what it rests on had been revoked when it was told of"]),
];
