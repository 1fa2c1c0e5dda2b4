import type { Id, Obligation, PersonId } from "../lib/index.ts";

/** A policy as an approver saw it: its id and the hash of its content. */
export interface PolicyRef {
  readonly id: string;
  readonly hash: string;
}

/** Why: a policy's id with its own words, or one of the built-in reasons. */
export interface Reason {
  readonly policy: string;
  /** Fixed words, good for the log. */
  readonly reason: string;
  /** Which rights the chain lacks, for the one who asked: it may name values, so it never enters the log. */
  readonly missing?: readonly string[];
}

/** Reasons that no policy gives. Policies may not take these ids. */
export const BUILT_IN_REASONS = {
  "no-policy": "No policies are loaded, so nothing is allowed.",
  "no-permit": "No policy permits this.",
  "authority-not-covered": "The chain of authority does not cover this.",
  "unknown-action":
    "This is not in the catalog, or not for this kind of principal, so no policy speaks of it.",
  "argument-not-exact":
    "A policy reads an argument that is left open or cannot be compared exactly: pin it to one value (eq).",
  "fact-missing":
    "A policy needs to know something about the resource that could not be found out: try again, or ask who runs it.",
  "argument-contradicts-fact": "An argument says something else than what is true of the resource.",
  "policy-errored": "A policy that could forbid this could not be evaluated.",
} as const;

export type BuiltInReason = keyof typeof BUILT_IN_REASONS;

/** A policy that could not be evaluated: an alarm, whatever the verdict. */
export interface PolicyAlarm {
  /** `*` where it is not one policy that failed. */
  readonly policy: string;
  readonly effect: "permit" | "forbid";
  readonly message: string;
  /** The two engines that were asked do not agree: one of them, or what compiles for it, is wrong. */
  readonly differs?: true;
}

/**
 * A person's yes, as the decision sees it. The caller hands in only receipts whose signature it verified and
 * whose giver counts for the requirement now; whether they lift anything is decided here.
 */
export interface GivenReceipt {
  readonly id: Id<"receipt">;
  /** What it was given for: `subjectOf` the question then. */
  readonly subject: string;
  /** `requirementText` of the one requirement that it answers. */
  readonly requirement: string;
  readonly person: PersonId;
  /** The forbids and the permits that the person was shown. */
  readonly lifts: readonly PolicyRef[];
  readonly reaches: readonly PolicyRef[];
  /** Milliseconds since the epoch; from then on it lifts nothing. */
  readonly expires: number;
}

interface Judged {
  readonly policyVersion: string;
  readonly alarms: readonly PolicyAlarm[];
}

export interface Allowed extends Judged {
  readonly verdict: "allow" | "allow-with-conditions";
  /** The permits that decided, and the forbids that were lifted. */
  readonly permits: readonly PolicyRef[];
  readonly lifted: readonly PolicyRef[];
  readonly obligations: readonly Obligation[];
  /** The receipts that lifted them. */
  readonly receipts: readonly Id<"receipt">[];
}

export interface Denied extends Judged {
  readonly verdict: "deny";
  readonly reasons: readonly Reason[];
}

export interface NeedsApproval extends Judged {
  readonly verdict: "require-approval";
  /** `requirementText` of everything that is still missing, each once, sorted. */
  readonly missing: readonly string[];
  /** Everything that must be lifted, whether receipts for it exist or not; with what each asks for. */
  readonly lifts: readonly (PolicyRef & { readonly requirement: string; readonly reason: string })[];
  readonly permits: readonly PolicyRef[];
  readonly reasons: readonly Reason[];
}

export type Verdict = Allowed | Denied | NeedsApproval;
