/**
 * By whose authority. A task is opened, its person signs the first delegation with her passkey, agents pass
 * parts of it on, each narrower than the last; when the task closes, or any link ends, all below it is dead.
 * A chain is always read from these records, never from what a token says of itself.
 */
export { type Action, type Authority, finishAction, recordAction } from "./action.ts";
export { beginBySignIn, endUnused, type SignedIn } from "./begin-by-sign-in.ts";
export {
  agentsOf,
  type Chain,
  type Coverage,
  chainHash,
  coveredBy,
  coveredByGrants,
  deadKeysOfChain,
  expiryOf,
  type Link,
  leafOf,
  mostLinks,
} from "./chain.ts";
export {
  chainOf,
  type LivingChain,
  type PersonalChain,
  requireChain,
  requirePersonal,
  subjectOf,
} from "./chain-of.ts";
export { closeTask, closeWithin } from "./close-task.ts";
export { type ConsentView, consentFor } from "./consent-for.ts";
export { countCall } from "./counts.ts";
export { defineRunbook, findRunbook } from "./define-runbook.ts";
export { type Delegation, MOST_DEPTH, USUAL_DEPTH } from "./delegation.ts";
export type { DelegationDeps } from "./delegation-deps.ts";
export { delegationTokenFor, type Ticket } from "./delegation-ticket.ts";
export { type EndedEdges, endDelegation, endWithin } from "./end-edge.ts";
export { delegationEvents } from "./events.ts";
export { expireTasks } from "./expire.ts";
export { type Extension, type ExtensionRequest, extend, readExtension } from "./extend.ts";
export { forgetHeads } from "./forget-heads.ts";
export { giveConsent, refuseConsent } from "./give-consent.ts";
export { type Held, heldAtResource, heldFromOthers, heldFromSelf } from "./held.ts";
export {
  advance,
  type History,
  inherit,
  NO_HISTORY,
  type RememberedCall,
  type SeenHistory,
  seenBy,
} from "./history.ts";
export { joinTask } from "./join-task.ts";
export { heldDelegations } from "./look.ts";
export { openTask, type TaskRequest } from "./open-task.ts";
export { coveredToday } from "./passed-on.ts";
export { type Child, type ChildSaid, readChild, registerChild } from "./register-child.ts";
export {
  type CallMade,
  type Footing,
  footing,
  headKeys,
  historyFor,
  type Remembered,
  type Remembering,
  reserveCall,
  tidyWindows,
  windowsFor,
} from "./remember.ts";
export { reportStep, type StepReport } from "./report-step.ts";
export {
  consentsGet,
  consentsGive,
  consentsList,
  consentsRefuse,
  delegationsEnd,
  delegationsHeld,
  delegationsTicket,
  tasksActions,
  tasksClose,
  tasksGet,
  tasksOpen,
  tasksTree,
} from "./routes.ts";
export { planSteps } from "./routes-plans.ts";
export { runbooksGet, runbooksList, runbooksPut } from "./routes-runbooks.ts";
export { tasksStart } from "./routes-start.ts";
export type { PlannedBy, Runbook, RunbookDefinition } from "./runbook.ts";
export type { ConsentKind, SignIn } from "./sign-in.ts";
export { fitsCountedOnly, standOutside } from "./stand-outside.ts";
export { type StartRequest, startTask } from "./start-task.ts";
export { findConsent, findTask, type StoredConsent } from "./store.ts";
export { endDelegationRow, findDelegation, rootEdgeOf } from "./store-delegations.ts";
export { type Head, headsAt, holdHead, moveHead } from "./store-heads.ts";
export { type DelegationTables, delegationMigrations } from "./tables.ts";
export { type PlannedCall, plannedStep, type StepTaken, takeStep } from "./take-step.ts";
export { type Incident, isAutonomous, type SeenTask, seenTask, type Task, type TaskState } from "./task.ts";
export {
  COUNTED,
  type Counted,
  type CountedFor,
  SPANS,
  type Span,
  type WindowCounts,
  type Windows,
  windowCounts,
} from "./window.ts";
export { edgeAnswer, shapeEdge, shapeTask, taskAnswer } from "./wire.ts";
