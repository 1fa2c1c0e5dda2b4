import type { Caller } from "../lib/index.ts";
import { askApplication, DENIALS, type Outcome, type Refusal } from "./ask-application.ts";
import { askOwn } from "./ask-own.ts";
import { type Domain, domainOf } from "./asker.ts";
import type { AuthzenDeps } from "./authzen-deps.ts";
import type { CompiledApplication } from "./compile-application.ts";
import type { Answered, AskedBy } from "./decision-log.ts";
import { obligationsOnWire } from "./obligations.ts";
import { RefusedQuestions } from "./refused-questions.ts";
import type { Evaluation } from "./wire.ts";

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
  if (domain === "own") return withinOwn(deps, caller, question);
  const at = deps.clock.now();
  const id = deps.decisionIds.next(at);
  const answer = decisionText(domain, askApplication(domain, question), id);
  const wait = recordAnswer(deps, caller, domain, { at, first: id, last: id, request: text, answer });
  return wait === undefined ? answer : wait.then(() => answer);
}

async function withinOwn(deps: AuthzenDeps, caller: Caller, question: Evaluation): Promise<string> {
  const refused = new RefusedQuestions();
  const decision = await askOwn(deps, caller, question, refused);
  await refused.record(deps, caller, "authzen.evaluate");
  return JSON.stringify(decision);
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
export function decisionText({ version }: CompiledApplication, outcome: Outcome, id: string): string {
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
