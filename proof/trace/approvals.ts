import { parseReceipt, type Receipt } from "../receipt/index.ts";
import { orRefuse, VerificationError } from "../verification-error.ts";
import { checkSignature } from "./signature.ts";
import type { Answer, ApprovalEntry } from "./trace.ts";
import { listIn, memberOf, type TraceEvent, textIn, textsIn, told } from "./trace-event.ts";
import type { Trail } from "./trail.ts";

/** The requests to people, each with its answers, by the request's id. */
export function approvalsOf(trail: Trail): ReadonlyMap<string, ApprovalEntry> {
  const approvals = new Map<string, ApprovalEntry>();
  for (const event of trail.of("approval.requested")) {
    const entry = readRequest(event);
    // The first word counts: a later request of the same name cannot change what was asked.
    if (entry !== undefined && !approvals.has(entry.approval)) approvals.set(entry.approval, entry);
  }
  const named = ({ body }: TraceEvent) => approvals.get(textIn(body, "approval") ?? "");
  for (const event of trail.of("approval.answered")) {
    const approval = named(event);
    approval?.answers.push(readAnswer(trail, approval, event));
  }
  for (const event of trail.of("approval.spent")) {
    const [approval, jti] = [named(event), textIn(event.body, "jti")];
    if (approval !== undefined && jti !== undefined) approval.spentBy ??= jti;
  }
  for (const event of trail.of("approval.expired")) {
    const approval = named(event);
    if (approval !== undefined) approval.expiredAt ??= event.at;
  }
  return approvals;
}

function readRequest({ id, at, about, body }: TraceEvent): ApprovalEntry | undefined {
  const approval = textIn(body, "approval");
  if (approval === undefined) return undefined;
  const lifted = listIn(body, "lifts").flatMap((policy) => textIn(policy, "id") ?? []);
  return told({
    kind: "approval" as const,
    event: id,
    at,
    agent: about.agent,
    approval,
    action: textIn(body, "action"),
    tool: textIn(body, "tool"),
    resource: textIn(body, "resource"),
    args: textIn(body, "arguments"),
    requirements: textsIn(body, "requirements"),
    policies: lifted,
    policyVersion: textIn(body, "policy_version"),
    answers: [],
  });
}

function readAnswer(trail: Trail, approval: ApprovalEntry, event: TraceEvent): Answer {
  const { id, at, actor, body } = event;
  const signature = checkSignature(trail, event, "receipt");
  const problems = [
    ...receiptProblems(trail, approval, event),
    ...(signature.state === "broken" ? ["the signature does not hold"] : []),
  ];
  return told({
    event: id,
    at,
    person: actor.principal,
    receipt: textIn(body, "receipt_id"),
    requirement: textIn(body, "requirement"),
    decision: textIn(body, "decision"),
    signature,
    problems,
  });
}

/** What was signed must be just what was asked, and what the event says of it. */
function receiptProblems(trail: Trail, approval: ApprovalEntry, { actor, at, body }: TraceEvent): string[] {
  const receipt = receiptIn(body);
  if (receipt === undefined) return ["the receipt cannot be read"];
  const rules: [boolean, string][] = [
    [receipt.request === approval.approval, "the receipt is for another request"],
    [receipt.task === trail.task, "the receipt is for another task"],
    [receipt.tool === (approval.tool ?? approval.action), "the receipt is for another tool"],
    [receipt.agent === approval.agent, "the receipt is for another agent"],
    [receipt.args_commitment === approval.args, "the receipt is for other arguments"],
    [actor.kind === "person" && receipt.person === actor.principal, "the receipt is another person's"],
    [receipt.requirement === textIn(body, "requirement"), "the receipt is for another requirement"],
    [receipt.decision === textIn(body, "decision"), "the receipt says something else"],
    [approval.at <= at && at < receipt.expires_at, "the receipt had no force at that time"],
  ];
  return rules.filter(([holds]) => !holds).map(([, problem]) => problem);
}

function receiptIn(attackerBody: TraceEvent["body"]): Receipt | undefined {
  try {
    const object = memberOf(attackerBody, "receipt") ?? null;
    return orRefuse("malformed", "the receipt", () => parseReceipt(object));
  } catch (error) {
    if (error instanceof VerificationError) return undefined;
    throw error;
  }
}
