import type { Id, PersonId } from "../lib/index.ts";
import type { PolicySet } from "./policy.ts";
import { type Question, subjectOf } from "./question.ts";
import type { GivenReceipt } from "./verdict.ts";

/** Receipts by so many different people for each requirement, who saw every policy of the set. */
export function exampleReceipts(
  question: Question,
  approved: Readonly<Record<string, number>>,
  set: PolicySet,
): GivenReceipt[] {
  const seen = [...set.policies.values()].map(({ id, hash }) => ({ id, hash }));
  const subject = subjectOf(question);
  return Object.entries(approved).flatMap(([requirement, people]) =>
    Array.from({ length: people }, (_, index) => ({
      id: `receipt_${index}` as Id<"receipt">,
      subject,
      requirement,
      person: `person_approver${index}` as PersonId,
      lifts: seen,
      reaches: seen,
      expires: question.now + 1,
    })),
  );
}
