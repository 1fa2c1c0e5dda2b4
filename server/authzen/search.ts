import type { JsonObject } from "@countersign/proof/jcs";
import { findServer, findTool } from "../catalog/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import { findAgent } from "../registry/index.ts";
import { askOwn } from "./ask-own.ts";
import { domainOf } from "./asker.ts";
import type { AuthzenDeps } from "./authzen-deps.ts";
import type { CompiledApplication } from "./compile-application.ts";
import { type Asked, recordAnswer } from "./evaluate.ts";
import { mayAskAbout, TOOLS_CALL } from "./own-question.ts";
import { nameOf, placeIn, tokenAfter } from "./page-token.ts";
import type { Search, Sought } from "./read-request.ts";
import { RefusedQuestions } from "./refused-questions.ts";
import { type Cut, type Found, searchActions, searchEntities } from "./search-application.ts";
import { MOST_RESULTS } from "./wire.ts";

/** What a search found, as it is sent. */
export interface SearchAnswer {
  readonly page?: { readonly next_token: string; readonly count: number };
  readonly results: readonly ({ readonly type: string; readonly id: string } | { readonly name: string })[];
}

/**
 * Answers which subjects, resources or actions would be allowed, page by page. What is found is of the directory
 * of an application, or of an agent's own rights; types and ids that are not known have no results.
 * @throws Fault `malformed` for a page of another search; `forbidden` as `domainOf`
 */
export async function search(
  deps: AuthzenDeps,
  caller: Caller,
  sought: Sought,
  { question, application, text }: Asked<Search>,
): Promise<SearchAnswer> {
  const { page } = question;
  const name = nameOf(sought, application, question);
  const cut = {
    after: placeIn(page?.token, name),
    limit: Math.min(page?.limit ?? MOST_RESULTS, MOST_RESULTS),
  };
  const domain = await domainOf(deps, caller, question.subject.type, application);
  const found =
    domain === "own"
      ? await searchOwn(deps, caller, sought, question, cut)
      : await searchApplication(domain, sought, question, cut);
  const answer = answerOf(sought, question, found, name);
  if (domain !== "own") await recordSearch(deps, caller, domain, text, answer);
  return answer;
}

const searchApplication = (
  application: CompiledApplication,
  sought: Sought,
  question: Search,
  cut: Cut,
): Promise<Found> | Found =>
  sought === "action"
    ? searchActions(application, question, cut)
    : searchEntities(application, sought, question, cut);

function answerOf(
  sought: Sought,
  { subject, resource, page }: Search,
  found: Found,
  name: string,
): SearchAnswer {
  const { type } = sought === "subject" ? subject : resource;
  const results = found.ids.map((id) => (sought === "action" ? { name: id } : { type, id }));
  if (page === undefined && !found.more) return { results };
  const last = found.ids.at(-1);
  const next = found.more && last !== undefined ? tokenAfter(last, name) : "";
  return { page: { next_token: next, count: results.length }, results };
}

/** Of a search it is kept that it was made and how much it found. */
async function recordSearch(
  deps: AuthzenDeps,
  caller: Caller,
  application: CompiledApplication,
  request: string,
  { results }: SearchAnswer,
): Promise<void> {
  const at = deps.clock.now();
  const id = deps.decisionIds.next(at);
  const answer = `{"decision_id":"${id}","results":${results.length}}`;
  await recordAnswer(deps, caller, application, { at, first: id, last: id, request, answer });
}

/**
 * Which tools an agent may call: those its record names at all, each decided. Who may call a tool would be asked
 * of every agent there is, so that is not answered.
 */
async function searchOwn(
  deps: AuthzenDeps,
  caller: Caller,
  sought: Sought,
  question: Search,
  { after, limit }: Cut,
): Promise<Found> {
  if (sought === "subject") throw notSearched();
  const tools = await toolsInQuestion(deps, caller, sought, question);
  const refused = new RefusedQuestions();
  const ids: string[] = [];
  for (const tool of tools) {
    if (ids.length > limit) break;
    if (after !== undefined && tool <= after) continue;
    if (await isAllowed(deps, caller, question, tool, refused)) ids.push(tool);
  }
  await refused.record(deps, caller, `authzen.search-${sought}`);
  return { ids: ids.slice(0, limit), more: ids.length > limit };
}

/** The tools that the agent's ceiling names, of servers that the caller may ask about, in order. */
async function toolsInQuestion(
  deps: AuthzenDeps,
  caller: Caller,
  sought: Sought,
  { subject, resource, action }: Search,
): Promise<string[]> {
  if (resource.type !== "tool" && resource.type !== "server") return [];
  if (sought === "resource" && (resource.type !== "tool" || action?.name !== TOOLS_CALL)) return [];
  const agent = await findAgent(deps, subject.id ?? "");
  const named = new Set((agent?.grants ?? []).map(({ identifier }) => identifier));
  const tools: string[] = [];
  for (const identifier of named) {
    const tool = await findTool(deps, identifier);
    const server = tool && (await findServer(deps, tool.server));
    if (server === undefined || !(await mayAskAbout(deps, caller, server))) continue;
    const within = resource.type === "tool" ? identifier : server.id;
    if (sought === "resource" || within === resource.id) tools.push(identifier);
  }
  return tools.sort();
}

async function isAllowed(
  deps: AuthzenDeps,
  caller: Caller,
  { subject, context }: Search,
  tool: string,
  refused: RefusedQuestions,
): Promise<boolean> {
  const asked = {
    subject: { type: subject.type, id: subject.id ?? "" },
    action: { name: TOOLS_CALL },
    resource: { type: "tool", id: tool },
    ...(context === undefined ? {} : { context: context as JsonObject }),
  };
  return (await askOwn(deps, caller, asked, refused)).decision;
}

const notSearched = (): Fault =>
  new Fault("malformed", "Agents are not searched for.", {
    remedy: "Ask about one, or look into the registry.",
  });
