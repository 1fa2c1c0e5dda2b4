import type { ApprovalsDeps } from "../approvals/index.ts";
import type { DelegationDeps } from "../delegation/index.ts";
import type { DecisionIds } from "./decision-ids.ts";
import type { DecisionLog } from "./decision-log.ts";
import type { LiveApplications } from "./live-applications.ts";
import type { CallQuestionOf } from "./own-question.ts";

/** What this room is handed. */
export interface AuthzenDeps extends ApprovalsDeps, DelegationDeps {
  /** The applications that are asked. One for each open database. */
  readonly applications: LiveApplications;
  /** What services were answered. One for each open database. */
  readonly answers: DecisionLog;
  readonly decisionIds: DecisionIds;
  /** The token service's way to the question about a call: one way for tokens and for questions. */
  readonly callQuestion: CallQuestionOf;
}
