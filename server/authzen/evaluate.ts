import { type Caller, Fault, isFailure } from "../lib/index.ts";
import { askApplication, DENIALS, type Outcome, type Refusal } from "./ask-application.ts";
import { askOwn } from "./ask-own.ts";
import { type Domain, domainOf } from "./asker.ts";
import type { AuthzenDeps } from "./authzen-deps.ts";
import type { CompiledApplication } from "./compile-application.ts";
import type { Answered, AskedBy } from "./decision-log.ts";
import { obligationsOnWire } from "./obligations.ts";
import type { Evaluations } from "./read-request.ts";
import type { Evaluation, Semantic } from "./wire.ts";

/** What somebody asks, in the words it came in, and of which application where one is named. Caller-controlled. */
export interface Asked<Question> {
  readonly question: Question;
  readonly text: string;
  readonly application: string | undefined;
}

/**
 * Answers one question. At once, and without reading anything from a database, where an application answers that
 * is ready and need not wait for its record.
 * @returns the answer as JSON text
 * @throws Fault `forbidden`, `malformed`: see `domainOf`; `unavailable` when it cannot be recorded
 */
export function evaluate(
  deps: AuthzenDeps,
  caller: Caller,
  asked: Asked<Evaluation>,
): string | Promise<string> {
  const domain = domainOf(deps, caller, asked.question.subject.type, asked.application);
  return domain instanceof Promise
    ? domain.then((found) => within(deps, caller, found, asked))
    : within(deps, caller, domain, asked);
}

function within(
  deps: AuthzenDeps,
  caller: Caller,
  domain: Domain,
  { question, text }: Asked<Evaluation>,
): string | Promise<string> {
  if (domain === "own") return askOwn(deps, caller, question).then((decision) => JSON.stringify(decision));
  const at = deps.clock.now();
  const id = deps.decisionIds.next(at);
  const answer = decisionText(domain, askApplication(domain, question), id);
  const wait = recordAnswer(deps, caller, domain, { at, first: id, last: id, request: text, answer });
  return wait === undefined ? answer : wait.then(() => answer);
}

type Said = Omit<Answered, "source">;

/** Keeps what was said; there is something to wait for where it must be safe before the answer leaves. */
export const recordAnswer = (
  { answers }: AuthzenDeps,
  caller: Caller,
  application: CompiledApplication,
  said: Said,
): Promise<void> | undefined =>
  answers.record({ ...said, source: sourceOf(caller, application) }, application.record === "durable");

/** By the caller of a connection, who is the same object for all its requests. */
const SOURCES = new WeakMap<Caller, AskedBy>();

function sourceOf(caller: Caller, { name, version }: CompiledApplication): AskedBy {
  const known = SOURCES.get(caller);
  if (known?.version === version && known.application === name) return known;
  const { principal, instance } = caller;
  const source = { by: principal, instance, application: name, version };
  SOURCES.set(caller, source);
  return source;
}

/** A decision as it is sent. Ids and versions are of our making and need no escapes. */
function decisionText({ version }: CompiledApplication, outcome: Outcome, id: string): string {
  const by = `"context":{"decision_id":"${id}","policy_version":"${version}"`;
  if (!outcome.allowed) return `{"decision":false,${by}${reasonsText(outcome)}}}`;
  if (outcome.obligations.length === 0) return `{"decision":true,${by}}}`;
  const { obligations } = obligationsOnWire(outcome.obligations);
  return `{"decision":true,${by},"obligations":${JSON.stringify(obligations)}}}`;
}

const reasonsText = (refusal: Refusal): string => TOLD.get(refusal) ?? toldOf(refusal);

const toldOf = ({ reasons }: Refusal): string =>
  `,"reason":${JSON.stringify(reasons[0]?.policy)},"reasons":${JSON.stringify(reasons)}`;

/** The refusals that are the same each time are told in the same words. */
const TOLD: ReadonlyMap<Outcome, string> = new Map(
  Object.values(DENIALS).map((denial) => [denial, toldOf(denial)]),
);

/**
 * Answers several questions in their order, up to where the semantic stops. A question that cannot be understood,
 * or that the caller may not ask, is answered in its place: no, and why.
 * @returns the answer as JSON text
 * @throws Fault `unavailable` when it cannot be recorded
 */
export async function evaluateAll(
  deps: AuthzenDeps,
  caller: Caller,
  { question: { items, semantic }, text, application }: Asked<Evaluations>,
): Promise<string> {
  const answers: string[] = [];
  const decisions: string[] = [];
  let recorded: CompiledApplication | undefined;
  for (const item of items) {
    const given = await answerItem(deps, caller, item, application);
    answers.push(given.text);
    if (given.by !== undefined) {
      recorded = given.by.application;
      decisions.push(given.by.id);
    }
    if (stops(semantic, given.allowed)) break;
  }
  const answer = `{"evaluations":[${answers.join(",")}]}`;
  const [first = "", last = first] = [decisions.sort()[0], decisions.at(-1)];
  const at = deps.clock.now();
  if (recorded !== undefined)
    await recordAnswer(deps, caller, recorded, { at, first, last, request: text, answer });
  return answer;
}

interface ItemAnswer {
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
): Promise<ItemAnswer> {
  if (item instanceof Fault) return refusedItem(item);
  const domain = await domainFor(deps, caller, item, application);
  if (domain instanceof Fault) return refusedItem(domain);
  if (domain === "own") {
    const decision = await askOwn(deps, caller, item);
    return { allowed: decision.decision, text: JSON.stringify(decision) };
  }
  const outcome = askApplication(domain, item);
  const id = deps.decisionIds.next(deps.clock.now());
  return {
    allowed: outcome.allowed,
    text: decisionText(domain, outcome, id),
    by: { application: domain, id },
  };
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
function refusedItem({ code, message }: Fault): ItemAnswer {
  const error = { status: code === "forbidden" ? 403 : 400, message };
  return { allowed: false, text: JSON.stringify({ decision: false, context: { error } }) };
}

function stops(semantic: Semantic, allowed: boolean): boolean {
  if (semantic === "execute_all") return false;
  return semantic === "deny_on_first_deny" ? !allowed : allowed;
}
