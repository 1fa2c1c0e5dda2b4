import type { Change } from "../database/index.ts";
import { type DecisionRecord, sealDecision } from "./decision-record.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { insertDecisions } from "./store-decisions.ts";

/** Adds to a change the decision that lets it happen: neither is durable without the other. */
export const recordDecision = (deps: PolicyDeps, change: Change, record: DecisionRecord): void =>
  insertDecisions(change, [sealDecision(deps.sealer, record)]);

/**
 * Records a decision that lets nothing happen, within a moment of its answer.
 * @throws Fault `unavailable` when decisions cannot be written for long
 */
export const recordDecisionSoon = (deps: PolicyDeps, record: DecisionRecord): Promise<void> =>
  deps.policies.decisions.add(deps, sealDecision(deps.sealer, record));
