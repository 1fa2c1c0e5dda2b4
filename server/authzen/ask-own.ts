import { evaluate } from "../approvals/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import type { AuthzenDeps } from "./authzen-deps.ts";
import { obligationsOnWire } from "./obligations.ts";
import { OWN_REASONS, type OwnQuestion, type OwnReason, ownQuestion } from "./own-question.ts";
import type { RefusedQuestions } from "./refused-questions.ts";
import type { Decision, Evaluation } from "./wire.ts";

/** What AuthZEN calls the need of a person's yes. */
const APPROVAL_REQUIRED = "approval_required";

/**
 * Answers whether an agent may call a tool, by Countersign's own policies. Nobody is asked and nothing is used
 * up: whoever then calls the tool is decided about again.
 * @param refused gets to know why there was nothing to decide: no decision is recorded then
 */
export async function askOwn(
  deps: AuthzenDeps,
  caller: Caller,
  asked: Evaluation,
  refused: RefusedQuestions,
): Promise<Decision> {
  const own = await ownQuestion(deps, caller, asked);
  if (typeof own !== "string") return answered(deps, caller, own);
  refused.add(new Fault("denied", OWN_REASONS[own], { record: { reason: own } }));
  return noQuestion(own);
}

const noQuestion = (reason: OwnReason): Decision => ({
  decision: false,
  context: { reason, reasons: [{ policy: reason, reason: OWN_REASONS[reason] }] },
});

async function answered(
  deps: AuthzenDeps,
  caller: Caller,
  { question, needsPerson }: OwnQuestion,
): Promise<Decision> {
  const { decision, verdict, observed } = await evaluate(deps, caller, question);
  const by = { decision_id: decision, policy_version: verdict.policyVersion };
  switch (verdict.verdict) {
    case "deny":
    case "require-approval": {
      const missing = "missing" in verdict ? { missing: verdict.missing } : {};
      const reason = "missing" in verdict ? APPROVAL_REQUIRED : (verdict.reasons[0]?.policy ?? "no-permit");
      const reasons = verdict.reasons.map(({ policy, reason: words }) => ({ policy, reason: words }));
      return {
        decision: observed,
        context: { ...by, ...(observed ? { observed } : {}), reason, reasons, ...missing },
      };
    }
    default: {
      if (needsPerson && verdict.lifted.length === 0)
        return { decision: false, context: { ...by, ...EACH_TIME } };
      return { decision: true, context: { ...by, ...obligationsOnWire(verdict.obligations) } };
    }
  }
}

const EACH_TIME = {
  reason: APPROVAL_REQUIRED,
  reasons: [{ policy: "needs-person", reason: "A person must approve each such call." }],
  missing: ["approval"],
};
