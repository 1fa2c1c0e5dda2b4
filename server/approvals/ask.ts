import type { Json } from "@countersign/proof/jcs";
import { append, perform } from "../audit/index.ts";
import { type Caller, Fault, type Id, minutes, newId, newSecret } from "../lib/index.ts";
import { type NeedsApproval, type Question, subjectOf } from "../policy/index.ts";
import type { ApprovalsDeps } from "./approvals-deps.ts";
import { behind } from "./behind.ts";
import { commitTo } from "./commitment.ts";
import { approvalRequested } from "./events.ts";
import { sumOf } from "./limit.ts";
import {
  APPROVAL_LIFETIME,
  type ApprovalRequest,
  type ApprovalState,
  type Asked,
  aboutAsked,
  asksTheSame,
  isUntold,
  requirementsOf,
  stateOf,
} from "./request.ts";
import { audienceOf, nobodyCounts } from "./requirement.ts";
import { countAsked, endRequest, insertRequest, markTold, standingRequest } from "./store.ts";

/** What a decision found that people must say yes to. */
export interface Asking {
  readonly question: Question;
  readonly verdict: NeedsApproval;
  readonly decision: Id<"decision">;
  /** The state of the standing request whose receipts the decision saw; nothing where none stood. */
  readonly judged: ApprovalState | undefined;
}

/**
 * Makes sure that people have been asked, in a change of its own: the request that stands for just this, or
 * a new one. A request that shows people something else than what must be lifted now makes way.
 * @throws Fault `denied` when somebody said no, or nobody could ever say yes; `expired-token`, once, when nobody
 *   answered in time; `rate-limited` when people have been asked too much for this task; `conflict` while another
 *   token holds the approval
 * @see RFC 8628 §3.5
 */
export function ask(deps: ApprovalsDeps, caller: Caller, asking: Asking): Promise<Id<"approval">> {
  return perform(deps, caller, "approval.request", async (change) => {
    const subject = subjectOf(asking.question);
    const standing = await standingRequest(deps.database, subject);
    if (standing !== undefined && isUntold(standing, deps.clock.now())) {
      markTold(change, standing);
      throw unanswered(standing);
    }
    if (standing !== undefined && stands(standing, asking, deps.clock.now())) return standing.id;
    if (standing !== undefined) endRequest(change, standing);
    await requireFewAsked(deps, asking.question);
    const request = await newRequest(deps, asking, subject);
    const { holder } = asking.question;
    insertRequest(change, request, { audiences: await audiences(deps, request.asked), holder });
    append(change, requested(deps, caller, request, standing));
    return request.id;
  });
}

/** So many questions of one holder for one task may wait for people, those with a late no among them. */
const MOST_ASKED = 10;

/** An agent cannot tire people into a yes: not with many questions, nor with another one after each no. */
async function requireFewAsked(
  { database, clock }: ApprovalsDeps,
  { holder, task, agent, person }: Question,
): Promise<void> {
  const now = clock.now();
  const asked = await countAsked(database, { holder, task: task?.id, now, since: now - minutes(60) });
  if (asked < MOST_ASKED) return;
  const about = aboutAsked({
    ...(task === undefined ? {} : { task }),
    ...(agent === undefined ? {} : { agent: agent.name }),
    ...(person === undefined ? {} : { person: person.id }),
  });
  throw new Fault("rate-limited", "People have been asked too much for this task.", {
    remedy: "Wait until they have answered, and for an hour after a no.",
    record: { about, asked },
  });
}

/** Whether people are being asked just this, or have answered while it was being decided. */
function stands(standing: ApprovalRequest, { verdict, judged }: Asking, now: number): boolean {
  const state = stateOf(standing, now);
  if (state === "denied" && now < standing.expires) throw refused(standing);
  if (state === "reserved") throw held(standing);
  if (!asksTheSame(standing, verdict)) return false;
  return state === "pending" || (state === "approved" && judged !== "approved");
}

async function newRequest(
  deps: ApprovalsDeps,
  { question, verdict, decision }: Asking,
  subject: string,
): Promise<ApprovalRequest & { subject: string }> {
  const now = deps.clock.now();
  const args = shownArguments(question);
  const asked = { ...askedBy(question), args, ...commitTo(deps.random, args), nonce: newSecret(deps) };
  return {
    id: newId(deps, "approval"),
    state: "pending",
    subject,
    created: now,
    expires: now + APPROVAL_LIFETIME,
    answers: 0,
    asked: {
      ...asked,
      lifts: verdict.lifts,
      permits: verdict.permits,
      decision,
      policyVersion: verdict.policyVersion,
    },
  };
}

/** What people are shown and sign as the arguments: for a delegation, what is delegated, how long and for what. */
function shownArguments({ args, delegate }: Question): Record<string, Json> {
  if (delegate === undefined) return { ...args };
  const { to, toClass, grants, depth, expiresIn = null, purpose = null } = delegate;
  return {
    ...args,
    delegate: { to, to_class: toClass, grants: [...grants], depth, expires_in: expiresIn, purpose },
  };
}

function askedBy(question: Question): Pick<Asked, "action" | "resource" | "agents"> & Partial<Asked> {
  const { action, tool, resource, person, agent, service, task, chain, delegate } = question;
  const sum = sumOf(question);
  return {
    action,
    ...(tool === undefined ? {} : { tool }),
    resource,
    ...(person === undefined ? {} : { person: person.id }),
    ...(agent === undefined ? {} : { agent: agent.name }),
    ...(service === undefined ? {} : { service: service.id }),
    ...(task === undefined ? {} : { task: { id: task.id, purpose: task.purpose } }),
    agents: chain?.agents ?? (agent === undefined ? [] : [agent.name]),
    ...(delegate === undefined ? {} : { delegateTo: delegate.to }),
    ...(sum === undefined ? {} : { sum }),
  };
}

/** @throws Fault `denied` when a requirement is one that nobody can meet */
async function audiences(deps: ApprovalsDeps, asked: Asked): Promise<string[]> {
  const about = await behind(deps, asked);
  const requirements = requirementsOf(asked);
  const hopeless = requirements.find((requirement) => nobodyCounts(requirement, about));
  if (hopeless !== undefined) throw unanswerable(asked, hopeless);
  return requirements.flatMap((requirement) => audienceOf(requirement, about) ?? []);
}

const requested = (
  deps: ApprovalsDeps,
  caller: Caller,
  { id, asked, expires }: ApprovalRequest,
  replaces: ApprovalRequest | undefined,
) =>
  approvalRequested(deps, caller, aboutAsked(asked), {
    approval: id,
    decision: asked.decision,
    action: asked.action,
    ...(asked.tool === undefined ? {} : { tool: asked.tool }),
    resource: asked.resource.location,
    arguments: asked.commitment,
    requirements: requirementsOf(asked),
    lifts: asked.lifts.map(({ id: policy, hash }) => ({ id: policy, hash })),
    permits: asked.permits.map(({ id: policy, hash }) => ({ id: policy, hash })),
    policy_version: asked.policyVersion,
    expires,
    ...(replaces === undefined ? {} : { replaces: replaces.id }),
  });

const refused = ({ id, asked, expires }: ApprovalRequest): Fault =>
  new Fault("denied", "A person who was asked has said no to exactly this.", {
    remedy: `Do not ask again before ${new Date(expires).toISOString()}, or ask for something else.`,
    members: {
      approval: id,
      reasons: [{ policy: "approval-denied", reason: "A person has said no to exactly this." }],
    },
    record: { about: aboutAsked(asked), approval: id, verdict: "deny" },
  });

const unanswered = ({ id, asked }: ApprovalRequest): Fault =>
  new Fault("expired-token", "Nobody answered the request for approval in time.", {
    remedy: "Ask again: people are asked anew then.",
    members: { approval: id },
    record: { about: aboutAsked(asked), approval: id },
  });

const held = ({ id, asked }: ApprovalRequest): Fault =>
  new Fault("conflict", "A token that has not been used yet holds the approval for exactly this.", {
    remedy: "Use that token, or wait until it has expired.",
    members: { approval: id },
    record: { about: aboutAsked(asked), approval: id },
  });

const unanswerable = (asked: Asked, requirement: string): Fault =>
  new Fault("denied", `Policy asks for ${requirement}, and there is nobody who could give it.`, {
    remedy: "An administrator can say in the registry who this person's manager is.",
    members: {
      reasons: [
        ...asked.lifts.map(({ id, reason }) => ({ policy: id, reason })),
        { policy: "nobody-can-approve", reason: `There is nobody who could give ${requirement}.` },
      ],
    },
    record: { about: aboutAsked(asked), policies: asked.lifts.map(({ id }) => id), verdict: "deny" },
  });
