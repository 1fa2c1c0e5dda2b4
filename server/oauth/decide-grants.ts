import { describeGrant, type Grant } from "@countersign/proof/grant";
import { authorize } from "../approvals/index.ts";
import { findTool } from "../catalog/index.ts";
import type { Change } from "../database/index.ts";
import { type Allow, Fault, type Id, type Obligation, seconds } from "../lib/index.ts";
import { bindingSets } from "../policy/index.ts";
import type { Granted } from "./mandate.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { isPinned } from "./pinned.ts";
import { type CallQuestion, type Circumstances, questionOf } from "./question.ts";
import { readingOf } from "./remembered.ts";
import { lastPoll, notePoll } from "./store.ts";

const TIMERS_ARE_EARLY_MS = 500;

/**
 * Has each grant decided; all must be allowed. A grant that a person approved is good for one use.
 * @throws Fault `access-denied` with the policies that said no; `authorization-pending` with the request
 *   that a person must answer, `slow-down` when asked about it too often
 */
export async function decideGrants(
  deps: OauthDeps,
  change: Change,
  on: Circumstances,
  grants: readonly Grant[],
): Promise<Granted[]> {
  const granted: Granted[] = [];
  for (const grant of grants) granted.push(await decideGrant(deps, change, on, grant));
  requireOneEach(granted);
  return granted;
}

/** A person's yes is for one call: two grants cannot both rest on it. */
function requireOneEach(granted: readonly Granted[]): void {
  const approvals = granted.flatMap(({ allow }) => allow.approval ?? []);
  if (new Set(approvals).size === approvals.length) return;
  throw new Fault("invalid-authorization-details", "Two of these grants rest on the same approval.", {
    remedy: "Ask for each approved call once.",
  });
}

async function decideGrant(
  deps: OauthDeps,
  change: Change,
  on: Circumstances,
  grant: Grant,
): Promise<Granted> {
  const question = await questionOf(deps, on, grant);
  const allow = await authorized(deps, change, on, question, grant);
  refuseUnkept(allow.obligations);
  const granted = { grant, allow, ...((await isPerCall(deps, on, grant)) ? { perCall: true as const } : {}) };
  if (allow.approval === undefined && !needsPerson(on, grant)) return granted;
  requireApproved(grant, allow.approval);
  return { ...granted, grant: { ...grant, max_uses: 1 } };
}

/**
 * A service that verifies the token by itself cannot know what was called elsewhere or planned, nor compare with
 * facts; and
 * where any decision rests on what was called, no call runs before it is remembered.
 */
async function isPerCall(deps: OauthDeps, { chain }: Circumstances, { identifier }: Grant): Promise<boolean> {
  if (chain?.task.plan !== undefined) return true;
  const tool = await findTool(deps, identifier);
  if ((tool?.facts ?? []).length > 0) return true;
  return readingOf(await bindingSets(deps), identifier).watched.length > 0;
}

async function authorized(
  deps: OauthDeps,
  change: Change,
  on: Circumstances,
  question: CallQuestion,
  grant: Grant,
): Promise<Allow<"call">> {
  try {
    return await authorize<"call">(deps, change, on.caller, question);
  } catch (fault) {
    if (fault instanceof Fault && fault.members.open !== undefined) throw inexact(grant, fault);
    throw await refused(deps, change, fault);
  }
}

/** What `authorize` threw, in OAuth's words; whatever else it was, as it is. */
export async function refused(deps: OauthDeps, change: Change, fault: unknown): Promise<unknown> {
  if (!(fault instanceof Fault)) return fault;
  if (fault.code === "approval-required") return pending(deps, change, fault);
  return fault.code === "denied" ? denied(fault) : fault;
}

/** Whether a person must say yes each time: the delegation says so, or the record of an agent in the chain. */
export const needsPerson = ({ agent, chain }: Circumstances, grant: Grant): boolean =>
  grant.approval !== undefined ||
  (chain?.agents ?? [agent]).some(({ delegation }) => delegation.needs_person.includes(grant.identifier));

/**
 * Lets a call that a person must approve each time pass only where a person has approved it.
 * @throws Fault `invalid-authorization-details` for what is no one exact call, `access-denied`
 */
export function requireApproved(grant: Grant, approval: Id<"approval"> | undefined): void {
  if (!isPinned(grant)) throw inexact(grant);
  if (approval !== undefined) return;
  throw new Fault(
    "access-denied",
    "A person must approve each such call, and no policy asks a person for it.",
    { remedy: "An administrator can add a policy that requires the approval of this call." },
  );
}

const inexact = (grant: Grant, decided?: Fault): Fault =>
  new Fault(
    "invalid-authorization-details",
    "A person must approve this call, and approves one exact call only.",
    {
      remedy: "Ask again with every argument pinned by eq.",
      members: { inexact: describeGrant(grant) },
      ...(decided === undefined ? {} : { record: decided.record, cause: decided }),
    },
  );

/**
 * Services outside cannot be made to mask or limit what they answer; the log is kept in any case.
 * @throws Fault `access-denied`
 */
export function refuseUnkept(obligations: readonly Obligation[]): void {
  const unkept = obligations.filter(({ kind }) => kind !== "log");
  if (unkept.length === 0) return;
  throw new Fault("access-denied", "Policy allows this only under conditions that no token can enforce.", {
    remedy: "Call the tool where the conditions can be kept, or ask an administrator.",
    members: { policies: unkept.map(({ policy, kind }) => ({ id: policy, reason: `It demands ${kind}.` })) },
  });
}

/** In the words of RFC 8693 and RFC 8628: the client asks again with the same request until a person answered. */
async function pending(deps: OauthDeps, change: Change, asked: Fault): Promise<Fault> {
  const { approval, interval } = asked.members as { approval: Id<"approval">; interval: number };
  const now = deps.clock.now();
  const last = await lastPoll(deps.database, approval);
  notePoll(change, approval, now);
  const hasty = last !== undefined && now < last + seconds(interval) - TIMERS_ARE_EARLY_MS;
  return followUp(asked, hasty ? "slow-down" : "authorization-pending", asked.message, {
    approval,
    interval,
  });
}

function denied(refused: Fault): Fault {
  const { decision, reasons = [] } = refused.members as {
    decision?: string;
    reasons?: readonly { policy: string; reason: string }[];
  };
  const why = reasons.map(({ reason }) => reason).join(" ") || refused.message;
  const policies = reasons.map(({ policy, reason }) => ({ id: policy, reason }));
  return followUp(refused, "access-denied", why, { decision, policies });
}

/** The same refusal in OAuth's words, with all that the log shall know, recorded once. */
function followUp(
  fault: Fault,
  code: "access-denied" | "authorization-pending" | "slow-down",
  message: string,
  members: Record<string, unknown>,
): Fault {
  const said = new Fault(code, message, {
    ...(fault.remedy === undefined ? {} : { remedy: fault.remedy }),
    members,
    record: fault.record,
    cause: fault,
  });
  said.recordedAs = fault.recordedAs;
  return said;
}
