/**
 * The decision point for others: AuthZEN 1.0 over HTTP. Services ask about agents that call them, decided by
 * Countersign's own policies, or about their own subjects and resources, decided by the policies and the
 * directory of an application of theirs: a world of Cedar apart from Countersign's and from every other.
 */
export {
  type ApplicationDefinition,
  type ApplicationHead,
  applicationDefinition,
  OWN_SUBJECT,
} from "./application.ts";
export type { AuthzenDeps } from "./authzen-deps.ts";
export { DecisionIds } from "./decision-ids.ts";
export { DecisionLog } from "./decision-log.ts";
export { evaluate } from "./evaluate.ts";
export { evaluateAll } from "./evaluate-all.ts";
export { authzenEvents } from "./events.ts";
export { forgetOldAnswers } from "./forget-decisions.ts";
export { LiveApplications } from "./live-applications.ts";
export type { Acting, CallQuestionOf } from "./own-question.ts";
export { putApplication } from "./put-application.ts";
export {
  accessEvaluation,
  accessEvaluations,
  applicationDecisionShow,
  applicationList,
  applicationPut,
  applicationShow,
  applicationVersionList,
  authzenConfiguration,
  searchAction,
  searchResource,
  searchSubject,
} from "./routes.ts";
export { search } from "./search.ts";
export { type AuthzenTables, authzenMigrations } from "./store.ts";
