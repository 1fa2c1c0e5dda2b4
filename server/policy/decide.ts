import type { Id } from "../lib/index.ts";
import { type CedarRequest, cedarRequest } from "./cedar-request.ts";
import type { ContextRead } from "./context-read.ts";
import type { Evaluation } from "./engine.ts";
import { EnginesDiffer } from "./engines-differ.ts";
import { lacking, lackingInAnyCase } from "./lacking.ts";
import { certainWhileOpen } from "./open-question.ts";
import type { Policy, PolicySet } from "./policy.ts";
import { type Question, subjectOf } from "./question.ts";
import { readsOf } from "./reads-of.ts";
import { parseRequirement, peopleNeeded } from "./requirement.ts";
import {
  BUILT_IN_REASONS,
  type BuiltInReason,
  type Denied,
  type GivenReceipt,
  type PolicyAlarm,
  type PolicyRef,
  type Reason,
  type Verdict,
} from "./verdict.ts";

/**
 * The policy decision. Pure: the same question, policies and receipts give the same verdict.
 *
 * 1. A forbid that cannot be evaluated denies; a permit that cannot is absent. Both are alarms.
 * 2. A satisfied forbid without `@lift` denies; so does the lack of a satisfied permit, and an authority
 *    that the chain does not cover.
 * 3. Every satisfied forbid with `@lift` must be lifted by receipts whose givers saw it, and saw the permits
 *    that decide now, by id and content; otherwise approval is required.
 * 4. The obligations of every satisfied permit bind whoever enforces the answer.
 *
 * @param policies nothing loaded means deny
 * @param receipts whose signatures hold and whose givers count for their requirement now
 */
export function decide(
  question: Question,
  policies: PolicySet | undefined,
  receipts: readonly GivenReceipt[],
): Verdict {
  if (policies === undefined) return denied("none", [], builtIn("no-policy"));
  try {
    return judged(question, policies, receipts);
  } catch (error) {
    return unevaluated(policies.version, error);
  }
}

function judged(question: Question, policies: PolicySet, receipts: readonly GivenReceipt[]): Verdict {
  const read = readsOf(policies, question.action === "call" ? (question.tool ?? "") : question.action);
  const asked = cedarRequest(question, policies.schema, policies.settings, read.members);
  if (asked === undefined) return denied(policies.version, [], builtIn("unknown-action"));
  const { evaluation, lacks } = evaluated(question, asked, read, policies);
  const found = foundBy(evaluation, policies);
  const reasons = denialReasons(question, found, lacks);
  if (reasons.length > 0)
    return denied(policies.version, found.alarms, ...reasons, ...reasonsOf(found.liftable));
  return weighed(question, policies.version, found, receipts);
}

/** What the engine says, and what the question lacks. What is still open lacks nothing where it cannot matter. */
function evaluated(
  question: Question,
  asked: CedarRequest,
  read: ContextRead,
  policies: PolicySet,
): { evaluation: Evaluation; lacks: readonly BuiltInReason[] } {
  const lacks = lacking(question, asked, read);
  const isOpen = lacks.length > 0 && question.openArgs !== undefined && question.openArgs.length > 0;
  const certain = isOpen ? certainWhileOpen(question, asked, read, policies) : undefined;
  return certain === undefined
    ? { evaluation: policies.engine.evaluate(asked.request), lacks }
    : { evaluation: certain, lacks: lackingInAnyCase(question, asked, read) };
}

/** What the engine found, as policies. */
interface Found {
  readonly permits: readonly Policy[];
  /** Satisfied forbids, apart by whether people can lift them. */
  readonly hard: readonly Policy[];
  readonly liftable: readonly Policy[];
  readonly brokenForbids: readonly Reason[];
  readonly alarms: readonly PolicyAlarm[];
}

function foundBy(evaluation: Evaluation, set: PolicySet): Found {
  const alarms = evaluation.erroring.map(({ policy, message }) => ({
    policy,
    effect: set.policies.get(policy)?.effect ?? "forbid",
    message,
  }));
  const forbids = evaluation.satisfiedForbids.map((id) => known(set, id));
  return {
    permits: evaluation.satisfiedPermits.map((id) => known(set, id)),
    hard: forbids.filter(({ lift }) => lift === undefined),
    liftable: forbids.filter(({ lift }) => lift !== undefined),
    brokenForbids: alarms
      .filter(({ effect }) => effect === "forbid")
      .map(({ policy }) => ({ policy, reason: BUILT_IN_REASONS["policy-errored"] })),
    alarms,
  };
}

/** Nothing could be evaluated, or not by everyone alike, so any forbid might have held. */
function unevaluated(policyVersion: string, error: unknown): Denied {
  const message = error instanceof Error ? error.message : String(error);
  const alarm = { policy: "*", effect: "forbid", message } as const;
  const alarms = [error instanceof EnginesDiffer ? { ...alarm, differs: true as const } : alarm];
  return denied(policyVersion, alarms, builtIn("policy-errored"));
}

function known(set: PolicySet, id: string): Policy {
  const policy = set.policies.get(id);
  if (policy === undefined) throw new Error(`the engine names ${id}, which is not in the set`);
  return policy;
}

/** Everything that denies, whether or not people have said yes. */
function denialReasons(
  { authority }: Question,
  { permits, hard, brokenForbids }: Found,
  lacks: readonly BuiltInReason[],
): Reason[] {
  const reasons = [...brokenForbids];
  if (!authority.covered) reasons.push(notCovered(authority.missing));
  else if (permits.length === 0) reasons.push(builtIn("no-permit"));
  return [...reasons, ...lacks.map(builtIn), ...reasonsOf(hard)];
}

/** Nothing denies: what remains is what people must lift, and what binds the one who enforces. */
function weighed(
  question: Question,
  policyVersion: string,
  found: Found,
  receipts: readonly GivenReceipt[],
): Verdict {
  const { permits, liftable, alarms } = found;
  const counting = receipts.length === 0 ? [] : countingReceipts(question, found, receipts);
  const missing = requirementsOf(liftable).filter((requirement) => !isMet(requirement, counting));
  if (missing.length > 0) {
    const lifts = liftable.map((policy) => ({
      ...refOf(policy),
      requirement: policy.lift ?? "",
      reason: policy.reason,
    }));
    const reasons = reasonsOf(liftable);
    return {
      verdict: "require-approval",
      policyVersion,
      alarms,
      missing,
      lifts,
      permits: permits.map(refOf),
      reasons,
    };
  }
  const obligations = permits.flatMap((permit) => permit.obligations);
  return {
    verdict: obligations.length === 0 ? "allow" : "allow-with-conditions",
    policyVersion,
    alarms,
    permits: permits.map(refOf),
    lifted: liftable.map(refOf),
    obligations,
    receipts: receiptsUsed(liftable, counting),
  };
}

/**
 * Receipts for exactly this question, not expired, whose givers saw every forbid that is to be lifted and
 * every permit that decides. One that anybody did not see asks again.
 */
function countingReceipts(
  question: Question,
  { permits, liftable }: Found,
  receipts: readonly GivenReceipt[],
): GivenReceipt[] {
  const subject = subjectOf(question);
  return receipts.filter(
    (receipt) =>
      receipt.subject === subject &&
      receipt.expires > question.now &&
      liftable.every((forbid) => isNamed(forbid, receipt.lifts)) &&
      permits.every((permit) => isNamed(permit, receipt.reaches)),
  );
}

const isNamed = (policy: Policy, named: readonly PolicyRef[]): boolean =>
  named.some(({ id, hash }) => id === policy.id && hash === policy.hash);

/** A person counts once per requirement, however many receipts she gave. */
function isMet(requirement: string, receipts: readonly GivenReceipt[]): boolean {
  const people = receipts
    .filter((receipt) => receipt.requirement === requirement)
    .map(({ person }) => person);
  return new Set(people).size >= peopleNeeded(parseRequirement(requirement));
}

const requirementsOf = (liftable: readonly Policy[]): string[] =>
  [...new Set(liftable.flatMap(({ lift }) => (lift === undefined ? [] : [lift])))].sort();

const receiptsUsed = (liftable: readonly Policy[], counting: readonly GivenReceipt[]): Id<"receipt">[] =>
  counting.filter(({ requirement }) => liftable.some(({ lift }) => lift === requirement)).map(({ id }) => id);

const refOf = ({ id, hash }: Policy): PolicyRef => ({ id, hash });

const reasonsOf = (policies: readonly Policy[]): Reason[] =>
  policies.map(({ id, reason }) => ({ policy: id, reason }));

const builtIn = (reason: BuiltInReason): Reason => ({ policy: reason, reason: BUILT_IN_REASONS[reason] });

const notCovered = (missing: readonly string[]): Reason => ({
  ...builtIn("authority-not-covered"),
  ...(missing.length === 0 ? {} : { missing }),
});

const denied = (
  policyVersion: string,
  alarms: readonly PolicyAlarm[],
  ...reasons: readonly Reason[]
): Denied => ({
  verdict: "deny",
  policyVersion,
  alarms,
  reasons,
});
