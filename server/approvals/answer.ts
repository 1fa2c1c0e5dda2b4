import { receiptHash } from "@countersign/proof/receipt";
import { append, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault, type Id, newId } from "../lib/index.ts";
import { type AssertionResponse, verifyAssertion } from "../login/index.ts";
import { explain } from "../policy/index.ts";
import { findPerson, type Person, requireActivePerson } from "../registry/index.ts";
import type { ApprovalsDeps } from "./approvals-deps.ts";
import { behind, countingYeses } from "./behind.ts";
import { approvalAnswered } from "./events.ts";
import { judge, settle } from "./judge.ts";
import { type StoredReceipt, unsigned } from "./receipt.ts";
import { type ApprovalRequest, aboutAsked, requirementsOf, requirePending } from "./request.ts";
import { counts, isMet } from "./requirement.ts";
import { countAnswer, insertReceipt, markDenied, receiptsOf, requestById } from "./store.ts";

/** A person's answer, as her browser sends it. */
export interface Answer {
  readonly approval: string;
  readonly decision: "approve" | "deny";
  /** By her passkey, over the hash of the receipt that the page built from what it showed. */
  readonly assertion: AssertionResponse;
}

/** How a request stands after an answer. */
export interface Answered {
  readonly approval: Id<"approval">;
  readonly receipt: Id<"receipt">;
  readonly state: "pending" | "approved" | "denied";
}

/**
 * Takes a person's signed answer to the next requirement of a request that she counts for. What she signed is
 * built anew from what is stored: a signature over anything else does not hold. The last yes that is needed
 * approves, if everybody who said yes before still counts; one no ends the request.
 * @throws Fault `forbidden` unless a signed-in person who counts asks; `not-found`; `gone` when it no longer
 *   waits; `unauthenticated` when the signature does not hold; `denied` when policy keeps her from approving
 */
export function answerRequest(deps: ApprovalsDeps, caller: Caller, answer: Answer): Promise<Answered> {
  return perform(deps, caller, "approval.answer", async (change) => {
    const approver = await signedIn(deps, caller);
    const request = await requestById(deps.database, answer.approval);
    if (request === undefined) throw noSuchRequest();
    requirePending(request, deps.clock.now());
    const requirement = await nextRequirement(deps, request, approver);
    if (requirement === undefined) throw doesNotCount(request);
    await requirePermitted(deps, change, caller, { request, approver, requirement });
    const stored = await signed(deps, change, { request, approver, requirement, answer });
    const state = await stateAfter(deps, request, stored);
    if (state === "denied") markDenied(change, request);
    else countAnswer(change, request, state);
    requireActivePerson(change, approver);
    insertReceipt(change, request.id, stored);
    append(change, answered(deps, caller, request, stored, state));
    return { approval: request.id, receipt: stored.id, state };
  });
}

/**
 * The requirement that this person would answer next: one that still misses people, that she counts for, and
 * that she has not answered.
 */
export async function nextRequirement(
  deps: ApprovalsDeps,
  request: ApprovalRequest,
  person: Person,
): Promise<string | undefined> {
  const about = await behind(deps, request.asked);
  const hers = requirementsOf(request.asked).filter((requirement) => counts(requirement, person, about));
  if (hers.length === 0) return undefined;
  const yeses = await countingYeses(deps, request);
  const given = (await receiptsOf(deps.database, request.id)).filter(({ person: by }) => by === person.id);
  const answeredBefore = (requirement: string): boolean =>
    given.some((receipt) => receipt.requirement === requirement);
  return hers.find((requirement) => !answeredBefore(requirement) && !isMet(requirement, yeses));
}

async function signedIn(deps: ApprovalsDeps, caller: Caller): Promise<Person> {
  const isPerson = caller.kind === "person" && caller.via === "session";
  const person = isPerson ? await findPerson(deps, caller.principal) : undefined;
  if (person?.status === "active") return person;
  throw new Fault("forbidden", "Only a person who is signed in can answer.", {
    remedy: "Open the request in a browser and sign in.",
  });
}

interface Answering {
  readonly request: ApprovalRequest;
  readonly approver: Person;
  readonly requirement: string;
}

/** Approving is itself a decided action. One that would need approval, or has conditions, is refused. */
async function requirePermitted(
  deps: ApprovalsDeps,
  change: Change,
  caller: Caller,
  { request, approver, requirement }: Answering,
): Promise<void> {
  const { tool, agent } = request.asked;
  const args = {
    requirement,
    ...(tool === undefined ? {} : { tool }),
    ...(agent === undefined ? {} : { agent }),
  };
  const question = {
    action: "approve",
    person: approver,
    strength: caller.strength,
    authority: { covered: true, missing: [] },
    resource: { location: deps.issuer, name: "approvals" },
    args,
    holder: approver.id,
    now: deps.clock.now(),
  } as const;
  const judgement = await judge(deps, caller, question);
  const { verdict, decision } = judgement;
  const refusal = await settle(deps, change, judgement);
  if (refusal === undefined && verdict.verdict !== "allow-with-conditions") return;
  const said = { approval: request.id, decision, verdict: verdict.verdict };
  const record = { about: aboutAsked(request.asked), ...said };
  throw new Fault("denied", explain(verdict), { remedy: "Somebody else has to answer.", record });
}

/** The receipt, rebuilt from what is stored, with the signature that holds for it. */
async function signed(
  deps: ApprovalsDeps,
  change: Change,
  { request, approver, requirement, answer }: Answering & { readonly answer: Answer },
): Promise<StoredReceipt> {
  const { decision, assertion: response } = answer;
  const receipt = { ...unsigned(request, requirement, approver.id), decision };
  const challenge = receiptHash(receipt);
  const assertion = await verifyAssertion(deps, change, { person: approver.id, challenge, response });
  const at = deps.clock.now();
  return { id: newId(deps, "receipt"), requirement, person: approver.id, decision, receipt, assertion, at };
}

async function stateAfter(
  deps: ApprovalsDeps,
  request: ApprovalRequest,
  stored: StoredReceipt,
): Promise<Answered["state"]> {
  if (stored.decision === "deny") return "denied";
  const yeses = [...(await countingYeses(deps, request)), stored];
  const complete = requirementsOf(request.asked).every((requirement) => isMet(requirement, yeses));
  return complete ? "approved" : "pending";
}

function answered(
  deps: ApprovalsDeps,
  caller: Caller,
  request: ApprovalRequest,
  { id, requirement, decision, receipt, assertion }: StoredReceipt,
  state: Answered["state"],
) {
  const { credential, authenticatorData, clientDataJSON, signature } = assertion;
  return approvalAnswered(deps, caller, aboutAsked(request.asked), {
    approval: request.id,
    receipt_id: id,
    requirement,
    decision,
    state,
    credential,
    receipt,
    assertion: { authenticatorData, clientDataJSON, signature },
  });
}

export const noSuchRequest = (): Fault =>
  new Fault("not-found", "There is no such request, or it is none of yours.", { remedy: "Check its id." });

const doesNotCount = ({ id, asked }: ApprovalRequest): Fault =>
  new Fault("forbidden", "Your answer does not count for anything that this request still needs.", {
    remedy: "It needs other people: whoever stands behind a task, or owns an agent in it, cannot approve it.",
    record: { about: aboutAsked(asked), approval: id },
  });
