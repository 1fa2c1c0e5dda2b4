import { parseRequirement, peopleNeeded } from "../policy/index.ts";
import type { Person } from "../registry/index.ts";
import { coversSum, isSumAboveLimit, type Sum } from "./limit.ts";

/** The people of this group give security reviews. */
const SECURITY_GROUP = "security";

/** Whom a request is about, as the registry knows them now. */
export interface Behind {
  /** The person behind the task. */
  readonly person?: Person;
  /** Who answers for the agents: each one of the chain, and the one that is delegated to. */
  readonly owners: ReadonlySet<string>;
  /** What the call moves. */
  readonly sum?: Sum;
}

/**
 * Whether this person's word counts for a requirement, now. Four eyes: whoever stands behind the task
 * or owns an agent in it does not count, but for the second factor, which is her own word alone. Where a sum
 * lies above the limit of the person behind the task, only somebody counts whose own limit covers it.
 */
export function counts(requirement: string, approver: Person, behind: Behind): boolean {
  if (approver.status !== "active") return false;
  const needed = parseRequirement(requirement);
  if (needed.kind === "mfa") return approver.id === behind.person?.id;
  if (isInvolved(approver.id, behind)) return false;
  if (
    behind.sum !== undefined &&
    isSumAboveLimit(behind.person, behind.sum) &&
    !coversSum(approver, behind.sum)
  )
    return false;
  switch (needed.kind) {
    case "manager":
      return behind.person?.manager === approver.id;
    case "security-review":
      return approver.groups.includes(SECURITY_GROUP);
    case "approval":
      return approver.groups.includes(needed.group);
  }
}

const isInvolved = (id: string, { person, owners }: Behind): boolean => id === person?.id || owners.has(id);

/** Whether there is no one who could ever meet it, so that asking would be waiting for nothing. */
export function nobodyCounts(requirement: string, behind: Behind): boolean {
  const { kind } = parseRequirement(requirement);
  if (kind === "mfa") return behind.person === undefined;
  if (kind !== "manager") return false;
  const manager = behind.person?.manager;
  return manager === undefined || isInvolved(manager, behind);
}

/** Where people who may count are looked for: `person:<id>` or `group:<name>`. `counts` decides. */
export function audienceOf(requirement: string, behind: Behind): string | undefined {
  const needed = parseRequirement(requirement);
  switch (needed.kind) {
    case "mfa":
      return behind.person && `person:${behind.person.id}`;
    case "manager":
      return behind.person?.manager && `person:${behind.person.manager}`;
    case "security-review":
      return `group:${SECURITY_GROUP}`;
    case "approval":
      return `group:${needed.group}`;
  }
}

/** The audiences that a person belongs to. */
export const audiencesOf = ({ id, groups }: Person): string[] => [
  `person:${id}`,
  ...groups.map((group) => `group:${group}`),
];

/** A yes by a person, to one requirement. */
export interface Yes {
  readonly requirement: string;
  readonly person: string;
}

/** Whether so many different people as it takes have said yes to it. One person counts once. */
export function isMet(requirement: string, given: readonly Yes[]): boolean {
  const people = given.filter((yes) => yes.requirement === requirement).map(({ person }) => person);
  return new Set(people).size >= peopleNeeded(parseRequirement(requirement));
}
