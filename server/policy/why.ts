import { type Caller, Fault, isId } from "../lib/index.ts";
import { type DecisionRecord, openDecision } from "./decision-record.ts";
import { type Explanation, explainDecision, explanationText } from "./explanation.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { decisionById } from "./store-decisions.ts";
import { setOf } from "./which-set.ts";

/** A recorded decision, explained. */
export interface Why {
  readonly record: DecisionRecord;
  readonly explanation: Explanation;
  readonly text: string;
}

/**
 * Why a decision came out as it did: the policies that decided with their text, the values they read, and what
 * would lift them. Made of what was recorded then and the set that decided then.
 * @throws Fault `not-found` for a decision that is not kept (any more), or that is none of the caller's business
 */
export async function explainRecorded(deps: PolicyDeps, caller: Caller, id: string): Promise<Why> {
  const sealed = isId(id, "decision") ? await decisionById(deps.database, id) : undefined;
  const record = sealed && openDecision(deps.sealer, sealed);
  if (record === undefined || !mayAsk(caller, record)) throw unknownDecision();
  const { policyVersion } = record.verdict;
  if (policyVersion === "none") throw nothingToExplain();
  const set = await setOf(deps, { version: policyVersion });
  const explanation = explainDecision(record.question, set, record.verdict);
  return { record, explanation, text: explanationText(explanation) };
}

/** Those who oversee, the person behind it, and the one who answers for the agent. */
function mayAsk({ kind, principal, roles }: Caller, { question }: DecisionRecord): boolean {
  if (kind === "system" || roles.length > 0) return true;
  return kind === "person" && [question.person?.id, question.agent?.owner].includes(principal as never);
}

const unknownDecision = (): Fault =>
  new Fault("not-found", "There is no such decision, or it is not kept any more.", {
    remedy:
      "Decisions are kept for 30 days; those who oversee, the person behind it and the agent's owner may ask.",
  });

const nothingToExplain = (): Fault =>
  new Fault("gone", "No policies were loaded then, so it was denied.", { remedy: "Activate a set." });
