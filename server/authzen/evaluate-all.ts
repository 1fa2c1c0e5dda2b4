import { type Caller, Fault, isFailure } from "../lib/index.ts";
import { askApplication } from "./ask-application.ts";
import { askOwn } from "./ask-own.ts";
import { type Domain, domainOf } from "./asker.ts";
import type { AuthzenDeps } from "./authzen-deps.ts";
import type { CompiledApplication } from "./compile-application.ts";
import { type Asked, decisionText, recordAnswer } from "./evaluate.ts";
import type { Evaluations } from "./read-request.ts";
import { RefusedQuestions } from "./refused-questions.ts";
import type { Evaluation, Semantic } from "./wire.ts";

/**
 * Answers several questions in their order, up to where the semantic stops. A question that cannot be understood,
 * or that the caller may not ask, is answered in its place, no and why, and recorded as refused.
 * @returns the answer as JSON text
 * @throws Fault `unavailable` when it cannot be recorded
 */
export async function evaluateAll(
  deps: AuthzenDeps,
  caller: Caller,
  { question: { items, semantic }, text, application }: Asked<Evaluations>,
): Promise<string> {
  const refused = new RefusedQuestions();
  const given: ItemAnswer[] = [];
  for (const item of items) {
    const answer = await answerItem(deps, caller, item, application, refused);
    given.push(answer);
    if (stops(semantic, answer.allowed)) break;
  }
  await refused.record(deps, caller, "authzen.evaluate-all");
  await recordAll(deps, caller, given, text);
  return answerOf(given);
}

const answerOf = (given: readonly ItemAnswer[]): string =>
  `{"evaluations":[${given.map(({ text }) => text).join(",")}]}`;

interface ItemAnswer {
  readonly item: Evaluation | Fault;
  readonly allowed: boolean;
  readonly text: string;
  /** Which application answered; what is Countersign's own is recorded with its decision. */
  readonly by?: { readonly application: CompiledApplication; readonly id: string };
}

async function answerItem(
  deps: AuthzenDeps,
  caller: Caller,
  item: Evaluation | Fault,
  application: string | undefined,
  refused: RefusedQuestions,
): Promise<ItemAnswer> {
  if (item instanceof Fault) return refusedItem(item, item, refused);
  const domain = await domainFor(deps, caller, item, application);
  if (domain instanceof Fault) return refusedItem(item, domain, refused);
  if (domain === "own") {
    const decision = await askOwn(deps, caller, item, refused);
    return { item, allowed: decision.decision, text: JSON.stringify(decision) };
  }
  const outcome = askApplication(domain, item);
  const id = deps.decisionIds.next(deps.clock.now());
  const text = decisionText(domain, outcome, id);
  return { item, allowed: outcome.allowed, text, by: { application: domain, id } };
}

async function domainFor(
  deps: AuthzenDeps,
  caller: Caller,
  { subject }: Evaluation,
  application: string | undefined,
): Promise<Domain | Fault> {
  try {
    return await domainOf(deps, caller, subject.type, application);
  } catch (fault) {
    if (fault instanceof Fault && !isFailure(fault.code)) return fault;
    throw fault;
  }
}

/** As the certification suite wants it: within a good request a bad item is a no, not a bad request. */
function refusedItem(item: Evaluation | Fault, fault: Fault, refused: RefusedQuestions): ItemAnswer {
  refused.add(fault);
  const error = { status: fault.code === "forbidden" ? 403 : 400, message: fault.message };
  return { item, allowed: false, text: JSON.stringify({ decision: false, context: { error } }) };
}

/**
 * Each application keeps what it was asked and answered itself. What the same request asked of another, or about
 * agents, is not for those who may read this application's answers.
 */
async function recordAll(
  deps: AuthzenDeps,
  caller: Caller,
  given: readonly ItemAnswer[],
  text: string,
): Promise<void> {
  const applications = new Set(given.map(({ by }) => by?.application).filter((one) => one !== undefined));
  const alone = applications.size === 1 && given.every(({ item, by }) => by ?? item instanceof Fault);
  for (const application of applications) {
    const its = given.filter(({ by }) => by?.application === application);
    const ids = its.map(({ by }) => by?.id ?? "").sort();
    const asked = alone ? text : JSON.stringify({ evaluations: its.map(({ item }) => item) });
    const answer = answerOf(alone ? given : its);
    const [at, first = "", last = first] = [deps.clock.now(), ids[0], ids.at(-1)];
    await recordAnswer(deps, caller, application, { at, first, last, request: asked, answer });
  }
}

function stops(semantic: Semantic, allowed: boolean): boolean {
  if (semantic === "execute_all") return false;
  return semantic === "deny_on_first_deny" ? !allowed : allowed;
}
