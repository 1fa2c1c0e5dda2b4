import { type Json, JsonError, parseStrict } from "@countersign/proof/jcs";
import { z } from "zod";
import { type Answer, holdsNul, pageOf, pageQuery, route } from "../http/index.ts";
import { Fault, isId } from "../lib/index.ts";
import { shortName } from "../registry/index.ts";
import { applicationDefinition, DEFINITION_LIMIT } from "./application.ts";
import type { AuthzenDeps } from "./authzen-deps.ts";
import { evaluate } from "./evaluate.ts";
import { evaluateAll } from "./evaluate-all.ts";
import {
  applicationDecision,
  applicationVersions,
  listApplications,
  showApplication,
} from "./find-application.ts";
import { metadataFor } from "./metadata.ts";
import { putApplication } from "./put-application.ts";
import { readEvaluation, readEvaluations, readSearch, type Search, type Sought } from "./read-request.ts";
import { search } from "./search.ts";
import {
  actionSearch,
  evaluationAnswer,
  evaluationRequest,
  evaluationsAnswer,
  evaluationsRequest,
  resourceSearch,
  searchAnswer,
  subjectSearch,
} from "./wire.ts";

const authzen = route<AuthzenDeps>();

/** What all endpoints of AuthZEN have in common: errors are a message, the caller's request id comes back. */
const AUTHZEN = {
  query: z.strictObject({ application: z.string().max(200).optional() }),
  faults: "plain",
  echoes: ["x-request-id"],
} as const;

/** JSON that is sent as it is. */
const sent = (body: string): Answer => ({ status: 200, contentType: "application/json", body });

/** @throws Fault `malformed` for what two readers could read differently, and for NUL, which no store takes */
function parsed(attackerText: string): Json {
  try {
    const body = parseStrict(attackerText);
    if (!attackerText.includes("\\u0000") || !holdsNul(body)) return body;
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
  }
  throw new Fault("malformed", "The body is not JSON that can be read without doubt.", {
    remedy: "Send valid JSON in UTF-8, each member once, without NUL.",
  });
}

export const accessEvaluation = authzen({
  summary: "AuthZEN: whether this subject may do this to this resource.",
  ...AUTHZEN,
  body: evaluationRequest,
  readBody: (text) => readEvaluation(parsed(text)),
  answers: { 200: evaluationAnswer },
  handleNow(deps, caller, { body: question, text = "", query: { application } }) {
    const answer = evaluate(deps, caller, { question, text, application });
    return typeof answer === "string" ? sent(answer) : answer.then(sent);
  },
  handle: async (deps, caller, { body: question, text = "", query: { application } }) =>
    sent(await evaluate(deps, caller, { question, text, application })),
});

export const accessEvaluations = authzen({
  summary: "AuthZEN: several questions at once, up to where the semantic stops.",
  ...AUTHZEN,
  body: evaluationsRequest,
  // What was read is one question or several; the schema describes how either is written.
  readBody: (text) => readEvaluations(parsed(text)) as never,
  weight(body) {
    const question = body as unknown as ReturnType<typeof readEvaluations>;
    return "items" in question ? question.items.length : 1;
  },
  answers: { 200: evaluationsAnswer },
  async handle(deps, caller, { body, text = "", query: { application } }) {
    const question = body as unknown as ReturnType<typeof readEvaluations>;
    const asked = { text, application };
    return "items" in question
      ? sent(await evaluateAll(deps, caller, { ...asked, question }))
      : sent(await evaluate(deps, caller, { ...asked, question }));
  },
});

const searchRoute = <Body extends z.ZodType>(sought: Sought, body: Body, summary: string) =>
  authzen({
    summary,
    ...AUTHZEN,
    body,
    readBody: (text) => readSearch(parsed(text), sought) as never,
    answers: { 200: searchAnswer },
    handle: async (deps, caller, { body: question, text = "", query: { application } }) => ({
      status: 200,
      body: await search(deps, caller, sought, {
        question: question as unknown as Search,
        text,
        application,
      }),
    }),
  });

export const searchSubject = searchRoute(
  "subject",
  subjectSearch,
  "AuthZEN: which subjects of a type may do this.",
);
export const searchResource = searchRoute(
  "resource",
  resourceSearch,
  "AuthZEN: to which resources of a type.",
);
export const searchAction = searchRoute("action", actionSearch, "AuthZEN: which actions are allowed.");

export const authzenConfiguration = authzen({
  summary: "AuthZEN: what this decision point offers.",
  answers: { 200: z.record(z.string(), z.string()) },
  handle: async ({ issuer }) => ({ status: 200, body: metadataFor(issuer) }),
});

const head = z.object({
  name: z.string(),
  number: z.int(),
  version: z.string(),
  services: z.array(z.string()),
});
const version = z.object({
  number: z.int(),
  version: z.string(),
  hash: z.string(),
  author: z.string(),
  at: z.int(),
});
const byName = z.strictObject({ name: shortName });

export const applicationList = authzen({
  summary: "Lists the applications that services ask, in the order of their names.",
  query: z.strictObject(pageQuery),
  answers: { 200: pageOf(head) },
  handle: async (deps, _caller, { query }) => ({ status: 200, body: await listApplications(deps, query) }),
});

export const applicationShow = authzen({
  summary: "An application's definition, whole: the one that answers, or an earlier one that is kept.",
  params: byName,
  query: z.strictObject({ number: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional() }),
  answers: {
    200: version.extend({ application: z.string(), definition: z.record(z.string(), z.unknown()) }),
  },
  async handle(deps, caller, { params: { name }, query: { number } }) {
    const { version: shown, definition } = await showApplication(deps, caller, { name, number });
    return { status: 200, body: { ...shown, definition } };
  },
});

export const applicationVersionList = authzen({
  summary: "The versions of an application that are kept, the newest first.",
  params: byName,
  answers: { 200: z.object({ versions: z.array(version) }) },
  handle: async (deps, caller, { params: { name } }) => ({
    status: 200,
    body: { versions: await applicationVersions(deps, caller, name) },
  }),
});

export const applicationPut = authzen({
  summary: "Gives an application its schema, policies, mapping, directory and the services that may ask.",
  params: byName,
  body: applicationDefinition,
  bodyLimit: DEFINITION_LIMIT,
  answers: { 200: head },
  handle: async (deps, caller, { params: { name }, body }) => ({
    status: 200,
    body: await putApplication(deps, caller, { name, definition: body }),
  }),
});

const decisionId = z.string().refine((text) => isId(text, "decision"), "This is not the id of a decision.");

export const applicationDecisionShow = authzen({
  summary: "What an application answered: who asked what, and by which version.",
  params: z.strictObject({ name: shortName, id: decisionId }),
  answers: {
    200: z.object({
      at: z.int(),
      by: z.string(),
      instance: z.string().optional(),
      application: z.string(),
      version: z.string(),
      request: z.unknown(),
      answer: z.unknown(),
    }),
  },
  handle: async (deps, caller, { params }) => ({
    status: 200,
    body: await applicationDecision(deps, caller, params),
  }),
});
