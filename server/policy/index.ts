/**
 * What is allowed. Policies are Cedar, stored in whole versioned sets that pass every check and their own
 * tests before they decide; `decide` is pure on a question, a set and the receipts of people who said yes.
 */
export {
  type Activated,
  activatePolicies,
  besideActive,
  installShippedPolicies,
  putPolicies,
  replacePolicies,
} from "./activate.ts";
export { ActivePolicies, activeSet, checkFiles, filesReady, readySet } from "./active-set.ts";
export { type Admission, admissionOfServer, admissionOfTools } from "./admission.ts";
export { type Admitted, admitServer, admitTool } from "./admit-definition.ts";
export { raiseAlarms } from "./alarm.ts";
export { amountMoved } from "./amount.ts";
export { bindingSets } from "./binding-sets.ts";
export { isRefused } from "./check.ts";
export { checkOffline } from "./check-offline.ts";
export type {
  Circumstances,
  Facts,
  History,
  Incident,
  Posture,
  Risk,
  Runbook,
  Scaled,
  ToolFacts,
  WindowCounts,
} from "./circumstances.ts";
export { type ContextRead, isRead, type Names, readTogether } from "./context-read.ts";
export { compareWithFacts } from "./contradiction.ts";
export { decide } from "./decide.ts";
export { type Deciding, decidingFor, letPass, readyToDecide, requireDeciding } from "./deciding.ts";
export { DECISIONS_KEPT, forgetOldDecisions } from "./decision-log.ts";
export type { DecisionRecord } from "./decision-record.ts";
export { type EndedActivations, endActivation } from "./end-activation.ts";
export { policyEvents } from "./events.ts";
export { explain, requirementInWords } from "./explain.ts";
export {
  type ExplainedPolicy,
  type Explanation,
  explainDecision,
  explanationText,
  type Remedy,
} from "./explanation.ts";
export { isAboveLimit, limitIn } from "./limit.ts";
export { observedNow, tellOfObserving, warnOfObserving } from "./observe.ts";
export { Oracle, watched } from "./oracle.ts";
export type { Policy, PolicyFile, PolicySet, Problem } from "./policy.ts";
export type { PolicyDeps } from "./policy-deps.ts";
export { policyKey } from "./policy-key.ts";
export { type Question, subjectOf } from "./question.ts";
export { type ReadFile, readPolicies } from "./read-policies.ts";
export { readsOf, readsOfAny } from "./reads-of.ts";
export { recordDecision, recordDecisionSoon } from "./record-decision.ts";
export { recoverPolicies } from "./recover.ts";
export { parseRequirement, peopleNeeded, type Requirement, requirementText } from "./requirement.ts";
export { rollbackPolicies } from "./rollback.ts";
export {
  getActivePolicies,
  getPolicyActivations,
  getPolicyVersion,
  getPolicyVersions,
  postPolicyActivation,
  postPolicyCheck,
  postPolicyDiff,
  postPolicyRollback,
  postPolicyVersion,
} from "./routes.ts";
export {
  deleteCanary,
  deleteObserving,
  deleteShadow,
  getCanary,
  getObserving,
  getShadow,
  postCanary,
  postObserving,
  postShadow,
} from "./routes-beside.ts";
export { getDecision, postReplay, postSimulation } from "./routes-decisions.ts";
export { serverPut, toolPut } from "./routes-definitions.ts";
export { compareShadow } from "./shadow.ts";
export { shippedPolicies } from "./shipped.ts";
export { tellOfShipped } from "./shipped-differences.ts";
export { at, type Place, within } from "./source.ts";
export { policyMigrations } from "./tables.ts";
export type {
  Allowed,
  BuiltInReason,
  Denied,
  GivenReceipt,
  NeedsApproval,
  PolicyRef,
  Reason,
  Verdict,
} from "./verdict.ts";
