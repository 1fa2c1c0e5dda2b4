import type { CedarRequest } from "./cedar-request.ts";
import { type ContextRead, isRead } from "./context-read.ts";
import { lackingFacts, readsUnknownAmount } from "./facts-read.ts";
import type { Question } from "./question.ts";
import type { BuiltInReason } from "./verdict.ts";

/**
 * What the question lacks of what some policy for its action reads, or has other than it truly is.
 * @param read what the policies for this action read
 */
export function lacking(question: Question, asked: CedarRequest, read: ContextRead): BuiltInReason[] {
  const reasons: BuiltInReason[] = [];
  if (readsOpen(question, read) || readsUnknownAmount(asked, read) || readsLeftOut(asked, read))
    reasons.push("argument-not-exact");
  if (lackingFacts(question, asked, read).length > 0) reasons.push("fact-missing");
  return [...reasons, ...untrue(question)];
}

/**
 * What of that stays where all that is open has been shown not to matter: arguments that are there and that no
 * policy can compare, and what is known to be wrong or cannot be checked.
 */
export function lackingInAnyCase(
  question: Question,
  asked: CedarRequest,
  read: ContextRead,
): BuiltInReason[] {
  const unchecked = question.circumstances?.facts?.unchecked ?? [];
  return [
    ...(readsLeftOut(asked, read) ? (["argument-not-exact"] as const) : []),
    ...(unchecked.length > 0 ? (["fact-missing"] as const) : []),
    ...untrue(question),
  ];
}

/** Whether a policy reads an argument whose value is still open. */
function readsOpen({ openArgs = [] }: Question, { args }: ContextRead): boolean {
  if (openArgs === "any") return args === "any" || args.length > 0;
  return openArgs.some((name) => isRead(name, args));
}

/** Whether a policy reads an argument that the call has and that could not be carried exactly. */
const readsLeftOut = ({ leftOut }: CedarRequest, { args }: ContextRead): boolean =>
  leftOut.some((name) => isRead(name, args));

const untrue = ({ circumstances }: Question): BuiltInReason[] =>
  (circumstances?.facts?.contradicted ?? []).length > 0 ? ["argument-contradicts-fact"] : [];
