import { cutPage } from "../http/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import { findPerson, type Page, type Person } from "../registry/index.ts";
import { nextRequirement, noSuchRequest } from "./answer.ts";
import type { ApprovalsDeps } from "./approvals-deps.ts";
import { behind } from "./behind.ts";
import { type ApprovalRequest, requirementsOf, stateOf } from "./request.ts";
import { audiencesOf, counts } from "./requirement.ts";
import { pendingRequests, receiptsOf, requestById } from "./store.ts";

/** A request, and the requirement that the one who looks could answer. */
export interface Seen {
  readonly request: ApprovalRequest;
  readonly viewer: Person;
  readonly answerable?: string;
}

/**
 * A request as this caller may see it.
 * @throws Fault `not-found`, also when it is none of the caller's
 */
export async function findApproval(deps: ApprovalsDeps, caller: Caller, id: string): Promise<Seen> {
  const request = await requestById(deps.database, id);
  const person = caller.kind === "person" ? await findPerson(deps, caller.principal) : undefined;
  if (request === undefined || person === undefined) throw noSuchRequest();
  if (!isOverseer(caller) && !(await concerns(deps, request, person))) throw noSuchRequest();
  return seen(deps, request, person);
}

/** Requests that wait for this person's answer. Some pages may be short; the cursor says when all is read. */
export async function approvalsFor(
  deps: ApprovalsDeps,
  caller: Caller,
  page: Page,
): Promise<{ items: ApprovalRequest[]; next?: string }> {
  const person = caller.kind === "person" ? await findPerson(deps, caller.principal) : undefined;
  if (person === undefined) throw new Fault("forbidden", "Only people answer requests.");
  const audiences = audiencesOf(person);
  const { items, ...more } = await pendingPage(deps, page, audiences);
  const looked = await Promise.all(items.map((request) => seen(deps, request, person)));
  return {
    items: looked.filter(({ answerable }) => answerable !== undefined).map(({ request }) => request),
    ...more,
  };
}

/**
 * Every request that waits, for those who oversee.
 * @throws Fault `forbidden`
 */
export async function allApprovals(
  deps: ApprovalsDeps,
  caller: Caller,
  page: Page,
): Promise<{ items: ApprovalRequest[]; next?: string }> {
  if (isOverseer(caller)) return pendingPage(deps, page);
  throw new Fault("forbidden", "Only administrators and auditors see every request.", {
    remedy: "Ask for `?mine`: those that wait for you.",
  });
}

async function pendingPage(deps: ApprovalsDeps, page: Page, audiences?: readonly string[]) {
  const filter = { now: deps.clock.now(), after: page.after, limit: page.limit + 1, audiences };
  return cutPage(await pendingRequests(deps.database, filter), page.limit, ({ id }) => id);
}

const isOverseer = (caller: Caller): boolean =>
  caller.roles.includes("administrator") || caller.roles.includes("auditor");

/** Whether it is about her task, waits for people like her, or has her answer. */
async function concerns(deps: ApprovalsDeps, request: ApprovalRequest, person: Person): Promise<boolean> {
  if (request.asked.person === person.id) return true;
  const about = await behind(deps, request.asked);
  if (requirementsOf(request.asked).some((requirement) => counts(requirement, person, about))) return true;
  return (await receiptsOf(deps.database, request.id)).some(({ person: by }) => by === person.id);
}

async function seen(deps: ApprovalsDeps, request: ApprovalRequest, person: Person): Promise<Seen> {
  const waits = stateOf(request, deps.clock.now()) === "pending";
  const answerable = waits ? await nextRequirement(deps, request, person) : undefined;
  return { request, viewer: person, ...(answerable === undefined ? {} : { answerable }) };
}
