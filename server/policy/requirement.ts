import { Fault } from "../lib/index.ts";

/** What lifts a forbid that is marked with `@lift`: whose signatures, and how many. */
export type Requirement =
  | { readonly kind: "mfa" }
  | { readonly kind: "manager" }
  | { readonly kind: "security-review" }
  | { readonly kind: "approval"; readonly count: number; readonly group: string };

/** More people than this for one action is a mistake in writing. */
const MOST_APPROVERS = 20;

const APPROVAL = /^approval\((\d{1,2}) of ([a-z0-9][a-z0-9-]{0,62})\)$/;

/**
 * Reads the value of `@lift`: `mfa`, `manager`, `security-review`, or `approval(2 of finance)`.
 * @throws Fault `invalid` for anything else
 */
export function parseRequirement(text: string): Requirement {
  if (text === "mfa" || text === "manager" || text === "security-review") return { kind: text };
  const [, digits, group] = APPROVAL.exec(text) ?? [];
  const count = Number(digits);
  if (group !== undefined && count >= 1 && count <= MOST_APPROVERS) return { kind: "approval", count, group };
  throw new Fault("invalid", `Unknown requirement ${JSON.stringify(text.slice(0, 80))}.`, {
    remedy: 'Write "mfa", "manager", "security-review" or "approval(2 of finance)".',
  });
}

/** The text that `parseRequirement` reads: how requirements are named on the wire and in receipts. */
export const requirementText = (requirement: Requirement): string =>
  requirement.kind === "approval"
    ? `approval(${requirement.count} of ${requirement.group})`
    : requirement.kind;

/** How many different people must say yes. */
export const peopleNeeded = (requirement: Requirement): number =>
  requirement.kind === "approval" ? requirement.count : 1;
