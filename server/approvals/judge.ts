import type { Change } from "../database/index.ts";
import { type Caller, type Id, newId } from "../lib/index.ts";
import {
  type Allowed,
  compareShadow,
  type Deciding,
  type DecisionRecord,
  type Denied,
  decide,
  decidingFor,
  type GivenReceipt,
  letPass,
  type NeedsApproval,
  type Question,
  raiseAlarms,
  recordDecision,
  recordDecisionSoon,
  requireDeciding,
  subjectOf,
  type Verdict,
  watched,
} from "../policy/index.ts";
import type { ApprovalsDeps } from "./approvals-deps.ts";
import { countingReceipts } from "./behind.ts";
import { raiseContradictions } from "./contradiction.ts";
import { gather } from "./gather.ts";
import { type ApprovalRequest, type ApprovalState, stateOf } from "./request.ts";
import { standingRequest } from "./store.ts";

/** A question, decided: what was seen, and by which set. */
export interface Judgement {
  readonly decision: Id<"decision">;
  /** With all that was gathered for it. */
  readonly question: Question;
  readonly deciding: Deciding;
  readonly receipts: readonly GivenReceipt[];
  readonly verdict: Verdict;
  /** The request that stands for just this, and its state when its receipts were looked at. */
  readonly standing: ApprovalRequest | undefined;
  readonly judged: ApprovalState | undefined;
}

/**
 * Decides a question and does nothing about it: chooses the set, gathers what is true around the question and
 * who has said yes, decides, and has the shadow asked beside.
 * @param reservedBy the token whose own approval counts, although it is reserved
 */
export async function judge(
  deps: ApprovalsDeps,
  caller: Caller,
  asked: Question,
  reservedBy?: string,
): Promise<Judgement> {
  const deciding = await decidingFor(deps, asked);
  const { set, shadow } = deciding;
  const question = await gather(
    deps,
    asked,
    [set, shadow?.set].filter((one) => one !== undefined),
  );
  const standing = await standingRequest(deps.database, subjectOf(asked));
  const judged = standing && stateFor(standing, deps.clock.now(), reservedBy);
  const receipts = standing && judged === "approved" ? await countingReceipts(deps, standing) : [];
  const verdict = decide(question, await watched(deps, set, question), receipts);
  const decision = newId(deps, "decision");
  await raiseAlarms(deps, caller, question, decision, verdict);
  await raiseContradictions(deps, caller, question, decision);
  if (shadow !== undefined) compareShadow(deps, shadow, { question, receipts, verdict, decision });
  return { decision, question, deciding, receipts, verdict, standing, judged };
}

/** An approval that a token has reserved is approved for that token, and for no other. */
function stateFor(standing: ApprovalRequest, now: number, reservedBy: string | undefined): ApprovalState {
  const state = stateOf(standing, now);
  const its = reservedBy !== undefined && standing.reservedBy === reservedBy;
  return state === "reserved" && its ? "approved" : state;
}

/**
 * Draws the consequence of a judgement. What it lets happen is recorded in the change, which is guarded by
 * whatever decided; a refusal is recorded soon. While policies are only observed, what they would refuse is
 * let happen.
 * @returns the refusal that stands; nothing where it may happen
 */
export async function settle(
  deps: ApprovalsDeps,
  change: Change,
  judgement: Judgement,
): Promise<Denied | NeedsApproval | undefined> {
  const { deciding, question, verdict } = judgement;
  const passed = letPass(deciding, question, verdict);
  if (passed === undefined && !isAllowed(verdict)) {
    await recordDecisionSoon(deps, recordOf(judgement, false));
    return verdict;
  }
  requireDeciding(change, deciding, passed === undefined ? {} : deciding);
  recordDecision(deps, change, recordOf(judgement, passed !== undefined));
  return undefined;
}

export const isAllowed = (verdict: Verdict): verdict is Allowed => "lifted" in verdict;

/** What is kept of it. @param observed whether a refusal was let pass */
export function recordOf(
  { decision, question, deciding, receipts, verdict }: Judgement,
  observed: boolean,
): DecisionRecord {
  const by = deciding.canary === undefined ? "active" : "canary";
  const activation = deciding.active?.number ?? 0;
  return { id: decision, at: question.now, by, activation, observed, question, receipts, verdict };
}
