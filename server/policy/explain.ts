import { parseRequirement, type Requirement } from "./requirement.ts";
import type { Verdict } from "./verdict.ts";

/** The verdict in words for people: one sentence for each reason, with the id of the policy that gave it. */
export function explain(verdict: Verdict): string {
  switch (verdict.verdict) {
    case "allow":
      return `Allowed by ${named(verdict.permits)}.`;
    case "allow-with-conditions": {
      const conditions = verdict.obligations.map(({ kind, value }) => `${kind} ${value}`);
      return `Allowed by ${named(verdict.permits)}, on condition: ${conditions.join("; ")}.`;
    }
    case "require-approval":
      return `Waiting for ${verdict.missing.map(requirementInWords).join(" and ")}. ${inWords(verdict.reasons)}`;
    case "deny":
      return inWords(verdict.reasons);
  }
}

/** A requirement in words for people, such as "2 approvers of finance". */
export const requirementInWords = (text: string): string => words(parseRequirement(text));

function words(requirement: Requirement): string {
  switch (requirement.kind) {
    case "mfa":
      return "the second factor of the person behind the task";
    case "manager":
      return "the manager of the person behind the task";
    case "security-review":
      return "a security review";
    case "approval":
      return `${requirement.count} ${requirement.count === 1 ? "approver" : "approvers"} of ${requirement.group}`;
  }
}

const inWords = (reasons: readonly { policy: string; reason: string }[]): string =>
  reasons.map(({ policy, reason }) => `${reason} (${policy})`).join(" ");

const named = (policies: readonly { id: string }[]): string => policies.map(({ id }) => id).join(", ");
