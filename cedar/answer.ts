import type { EvaluationError, EvaluationErrorKind } from "./error.ts";
import type { Policy } from "./policy.ts";

/** A policy that could not be evaluated, and why. It neither permits nor forbids. */
export interface PolicyError {
  readonly policy: string;
  readonly message: string;
  readonly kind: EvaluationErrorKind;
}

/** The answer to a request. All lists are sorted by policy id, so that equal questions get equal answers. */
export interface Answer {
  readonly decision: "allow" | "deny";
  /** Cedar's determining policies: the satisfied forbids, or without one the satisfied permits. */
  readonly reasons: readonly string[];
  readonly errors: readonly PolicyError[];
  /** Every satisfied permit, also on a deny. */
  readonly permits: readonly string[];
  /** Every satisfied forbid. */
  readonly forbids: readonly string[];
}

/** A policy that erred, and its error. */
export interface Failure {
  readonly policy: Policy;
  readonly error: EvaluationError;
}

const none: readonly never[] = Object.freeze([]);

/** Puts the outcomes of the policies together as Cedar does: any forbid denies, else any permit allows. */
export function answerFrom(
  permits: readonly Policy[],
  forbids: readonly Policy[],
  failures: readonly Failure[],
): Answer {
  const [permitIds, forbidIds] = [ids(permits), ids(forbids)];
  const errors = failures.length === 0 ? none : failures.toSorted(byPolicy).map(policyError);
  const denied = forbidIds.length > 0 || permitIds.length === 0;
  const reasons = denied ? forbidIds : permitIds;
  return { decision: denied ? "deny" : "allow", reasons, errors, permits: permitIds, forbids: forbidIds };
}

function ids(policies: readonly Policy[]): readonly string[] {
  if (policies.length === 0) return none;
  if (policies.length === 1) return [policies[0]?.id ?? ""];
  const sorted = isSorted(policies) ? policies : policies.toSorted((one, other) => one.rank - other.rank);
  return sorted.map((policy) => policy.id);
}

/** Policies under one scope are found in order, and most requests meet few scopes. */
function isSorted(policies: readonly Policy[]): boolean {
  let last = -1;
  for (const { rank } of policies) {
    if (rank < last) return false;
    last = rank;
  }
  return true;
}

function byPolicy(one: Failure, other: Failure): number {
  return one.policy.rank - other.policy.rank;
}

function policyError({ policy, error }: Failure): PolicyError {
  return { policy: policy.id, message: error.message, kind: error.kind };
}
