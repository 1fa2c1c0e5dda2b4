import type { Caller, Id } from "../lib/index.ts";
import { letPass, type Question, recordDecisionSoon, type Verdict } from "../policy/index.ts";
import type { ApprovalsDeps } from "./approvals-deps.ts";
import { judge, recordOf } from "./judge.ts";

/** What would be decided, and was recorded. */
export interface Evaluated {
  readonly decision: Id<"decision">;
  readonly verdict: Verdict;
  /** Policies are only observed, and this refusal would be let pass. */
  readonly observed: boolean;
}

/**
 * Answers what would be decided, and lets nothing happen: nobody is asked, no approval is used up, nothing is
 * counted. It is recorded within a moment. What is to happen is decided again by `authorize`.
 * @throws Fault `unavailable` when it cannot be recorded
 */
export async function evaluate(deps: ApprovalsDeps, caller: Caller, question: Question): Promise<Evaluated> {
  const judgement = await judge(deps, caller, question);
  const { decision, verdict } = judgement;
  const observed = letPass(judgement.deciding, judgement.question, verdict) !== undefined;
  await recordDecisionSoon(deps, recordOf(judgement, observed));
  return { decision, verdict, observed };
}
