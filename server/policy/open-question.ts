import type { CedarRequest } from "./cedar-request.ts";
import { type ContextRead, isRead } from "./context-read.ts";
import type { CedarValue, EngineRequest, Evaluation } from "./engine.ts";
import { readsUnknownAmount } from "./facts-read.ts";
import type { PolicySet } from "./policy.ts";
import type { Question } from "./question.ts";

/**
 * What holds for every value that the arguments which are still open may take, and whatever facts follow from
 * them. Whoever enforces a token may ask nobody at the call, so nothing may depend on what the agent chooses.
 * @param read what the policies for this action read
 * @returns nothing where a forbid, or a permit that brings obligations, can still turn out either way
 */
export function certainWhileOpen(
  question: Question,
  asked: CedarRequest,
  read: ContextRead,
  { engine, policies }: PolicySet,
): Evaluation | undefined {
  const unknowns = unknownsOf(question, asked, read);
  if (unknowns === undefined || engine.evaluateOpen === undefined) return undefined;
  const { undecided, ...certain } = engine.evaluateOpen(without(asked.request, unknowns), unknowns);
  const matters = (id: string): boolean => {
    const policy = policies.get(id);
    return policy?.effect !== "permit" || policy.obligations.length > 0;
  };
  return undecided.some(matters) ? undefined : certain;
}

type Paths = readonly (readonly string[])[];

/** Nothing where it cannot be told what is unknown. */
function unknownsOf(
  { openArgs = [], args: pinned }: Question,
  asked: CedarRequest,
  read: ContextRead,
): Paths | undefined {
  const { factsLacking, amountLacking, amountOpen } = asked;
  const { args, facts } = read;
  if (openArgs === "any" && args === "any") return undefined;
  if (readsUnknownAmount(asked, read) && !amountOpen) return undefined;
  const open =
    openArgs === "any"
      ? (args as readonly string[]).filter((name) => !Object.hasOwn(pinned, name))
      : openArgs;
  return [
    ...open.map((name) => ["args", name]),
    ...factsLacking.filter((name) => isRead(name, facts)).map((name) => ["facts", name]),
    ...(amountLacking ? OF_AMOUNT : []),
  ];
}

/** What is known only where the amount is. */
const OF_AMOUNT: Paths = [
  ["amount"],
  ["currency"],
  ["above_limit"],
  ["history", "amount"],
  ["history", "amount_after"],
];

/** The request without what is not known: a value that stands there all the same is none. */
function without(request: EngineRequest, unknowns: Paths): EngineRequest {
  const context = { ...request.context };
  for (const [member = "", name] of unknowns) {
    const value = Object.hasOwn(context, member) ? context[member] : undefined;
    if (name === undefined) delete context[member];
    else if (typeof value === "object") context[member] = withoutMember(value as Members, name);
  }
  return { ...request, context };
}

type Members = Readonly<Record<string, CedarValue>>;

const withoutMember = (members: Members, name: string): Members =>
  Object.fromEntries(Object.entries(members).filter(([each]) => each !== name));
