import { type Evidence, rightOf, type ToldAction } from "./right.ts";
import { planStepIn } from "./steps.ts";
import type { ActionEntry } from "./trace.ts";
import { numberIn, type TraceEvent, textIn, textsIn, told } from "./trace-event.ts";
import type { Trail } from "./trail.ts";

/** The calls that were let through, oldest first, each with its end and the right by which it was done. */
export function actionsOf(trail: Trail, evidence: Evidence): ActionEntry[] {
  const returns = Map.groupBy(trail.of("tool.returned"), ({ body }) => textIn(body, "action") ?? "");
  return trail.of("tool.called").map((event) => {
    const action = readAction(event, evidence, returns);
    const { receipts: _, ...shown } = action;
    const { right, problems } = rightOf(action, evidence);
    const claimed = textIn(event.body, "authority");
    const doubt = claimed === undefined || claimed === right ? [] : [`it was recorded as ${claimed}`];
    return { ...shown, right, problems: [...problems, ...doubt] };
  });
}

function readAction(
  { id, at, about, body }: TraceEvent,
  { tokens }: Evidence,
  returns: ReadonlyMap<string, readonly TraceEvent[]>,
): ToldAction {
  const [tool, jti] = [textIn(body, "tool") ?? "unknown", textIn(body, "jti")];
  const action = textIn(body, "action") ?? "unknown";
  const decided = tokens.get(jti ?? "")?.entry.decided.find((granted) => granted.tool === tool);
  const service = textIn(body, "service");
  const end = returns.get(action)?.find((event) => endsIt(event, { at, jti, service }));
  return told({
    kind: "action" as const,
    event: id,
    at,
    agent: about.agent,
    action,
    tool,
    edge: textIn(body, "edge"),
    resource: textIn(body, "resource"),
    service,
    instance: textIn(body, "instance"),
    strength: textIn(body, "strength"),
    args: textIn(body, "args"),
    jti,
    decision: textIn(body, "decision"),
    verdict: decided?.verdict,
    policies: textsIn(body, "policies"),
    policyVersion: textIn(body, "policy_version"),
    approval: textIn(body, "approval"),
    receipts: textsIn(body, "receipts"),
    use: numberIn(body, "use"),
    of: numberIn(body, "of"),
    planStep: planStepIn(body),
    outcome: end === undefined ? "allowed" : outcomeOf(end),
    returnedAt: end?.at,
  });
}

/** Only the service that let a call pass, and no earlier, can tell of its end. */
const endsIt = (
  { at, body }: TraceEvent,
  called: { at: number; jti: string | undefined; service: string | undefined },
): boolean =>
  at >= called.at && textIn(body, "jti") === called.jti && textIn(body, "service") === called.service;

function outcomeOf({ body }: TraceEvent): string {
  const said = textIn(body, "outcome") ?? "returned";
  return said === "returned" ? "executed" : said;
}
