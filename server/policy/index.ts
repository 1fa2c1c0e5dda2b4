/**
 * What is allowed. Policies are Cedar, stored in whole versioned sets that pass every check and their own
 * tests before they decide; `decide` is pure on a question, a set and the receipts of people who said yes.
 */
export {
  type Activated,
  activatePolicies,
  installShippedPolicies,
  putPolicies,
  replacePolicies,
} from "./activate.ts";
export { ActivePolicies, activeSet, requireActivePolicies } from "./active-set.ts";
export { raiseAlarms } from "./alarm.ts";
export { warmUp } from "./cedar-wasm.ts";
export { checkPolicies, isRefused } from "./check.ts";
export { decide } from "./decide.ts";
export { policyEvents } from "./events.ts";
export { explain, requirementInWords } from "./explain.ts";
export type { Policy, PolicyFile, PolicySet, Problem } from "./policy.ts";
export type { PolicyDeps } from "./policy-deps.ts";
export { type Question, subjectOf } from "./question.ts";
export { parseRequirement, peopleNeeded, type Requirement, requirementText } from "./requirement.ts";
export { getActivePolicies, postPolicyActivation, postPolicyCheck } from "./routes.ts";
export { shippedPolicies } from "./shipped.ts";
export { policyMigrations } from "./store.ts";
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
