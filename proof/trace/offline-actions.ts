import type { ActionEntry } from "./trace.ts";
import { memberOf, numberIn, type TraceEvent, textIn, told } from "./trace-event.ts";
import type { Trail } from "./trail.ts";

/**
 * The calls that services let pass on chains of warrants, with nobody asked, in the order in which they were told
 * of. Nobody decided about them: none is more than autonomous. What the holder chooses, its proof's id for one, makes
 * no two calls one.
 */
export function offlineActionsOf(trail: Trail): ActionEntry[] {
  const used = trail.of("warrant.used");
  const calls = used.filter((event) => phaseOf(event) === "called");
  const ends = Map.groupBy(
    used.filter((event) => ["returned", "failed"].includes(phaseOf(event) ?? "")),
    useOf,
  );
  const byProof = Map.groupBy(calls, proofOf);
  return calls.map((called) => {
    const again = (byProof.get(proofOf(called))?.length ?? 0) > 1;
    return actionOf(called, { end: ends.get(useOf(called))?.shift(), again });
  });
}

const phaseOf = ({ body }: TraceEvent): string | undefined => textIn(body, "phase");

/** What the holder has signed, hashed. */
const proofOf = ({ body }: TraceEvent): string => textIn(body, "proof") ?? "";

/** One call: what one copy of a service tells of one moment at which it verified one proof. */
const useOf = (event: TraceEvent): string =>
  JSON.stringify([
    textIn(event.body, "service"),
    event.actor.instance,
    numberIn(event.body, "at"),
    proofOf(event),
  ]);

function actionOf(
  { id, at, about, body }: TraceEvent,
  { end, again }: { end: TraceEvent | undefined; again: boolean },
): ActionEntry {
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
    problems: [...problemsIn(body), ...(again ? [usedTwice] : [])],
    policies: [],
    outcome: phase === "returned" ? "executed" : (phase ?? "allowed"),
    returnedAt: end?.at,
  });
}

/** Two copies of a service do not know of each other's proofs, and a record may come twice. */
const usedTwice = "this proof was used twice, or the service told of it twice";

const problemsIn = (body: TraceEvent["body"]): string[] => [
  "a service let it pass on a chain of warrants, with nobody asked",
  ...(memberOf(body, "as_named") === true ? [] : ["a link of the chain is held by another than it names"]),
  ...(memberOf(body, "revoked") === false ? [] : ["what it rests on had been revoked when it was told of"]),
];
