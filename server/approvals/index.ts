/**
 * People's word in decisions: what lifts a forbid, who counts for it, requests, signed receipts. `authorize` is
 * the one door to a decision: nothing else makes an `Allow`.
 */
export { type Answer, type Answered, answerRequest } from "./answer.ts";
export type { ApprovalsDeps } from "./approvals-deps.ts";
export { authorize } from "./authorize.ts";
export { type Evaluated, evaluate } from "./evaluate.ts";
export { approvalsEvents } from "./events.ts";
export { expireApprovals } from "./expire.ts";
export { FactsAtHand } from "./facts-at-hand.ts";
export { allApprovals, approvalsFor, findApproval, type Seen } from "./find.ts";
export { authorizeOwnAction, type OwnAction } from "./own-action.ts";
export { passOn } from "./pass-on.ts";
export type { FactSource, FactsAsked, RiskSource } from "./ports.ts";
export type { ApprovalRequest, ApprovalState } from "./request.ts";
export { reserve } from "./reserve.ts";
export { approvalAnswer, approvalList, approvalShow } from "./routes.ts";
export { spend } from "./spend.ts";
export { type ApprovalsTables, approvalsMigrations } from "./tables.ts";
