import type { Change } from "../database/index.ts";
import { type Action, type Allow, type Caller, Fault, type Id, newId } from "../lib/index.ts";
import {
  type Allowed,
  activeSet,
  type Denied,
  decide,
  explain,
  type NeedsApproval,
  type Question,
  raiseAlarms,
  requireActivePolicies,
  subjectOf,
} from "../policy/index.ts";
import type { ApprovalsDeps } from "./approvals-deps.ts";
import { ask } from "./ask.ts";
import { countingReceipts } from "./behind.ts";
import { type ApprovalRequest, aboutAsked, stateOf } from "./request.ts";
import { standingRequest } from "./store.ts";

/** How long a client waits before it asks again whether people have answered, in seconds. */
const POLL_INTERVAL = 5;

/**
 * The one door to a decision. Gathers the receipts of people who have said yes to just this and count now,
 * decides, and adds to the change that the policies still hold when it commits. Where people must say yes
 * first, they have been asked when this throws. Whoever issues a token for an `Allow` with an `approval`
 * reserves it in the same change.
 * @throws Fault `denied` with the reasons; `approval-required` with the request's id, what is missing and the
 *   interval in seconds to ask again; `conflict` while another token holds the approval
 */
export async function authorize<A extends Action>(
  deps: ApprovalsDeps,
  change: Change,
  caller: Caller,
  question: Question & { readonly action: A },
): Promise<Allow<A>> {
  const policies = await activeSet(deps);
  const standing = await standingRequest(deps.database, subjectOf(question));
  const judged = standing && stateOf(standing, deps.clock.now());
  const receipts = standing && judged === "approved" ? await countingReceipts(deps, standing) : [];
  const verdict = decide(question, policies, receipts);
  const decision = newId(deps, "decision");
  await raiseAlarms(deps, caller, question, decision, verdict);
  switch (verdict.verdict) {
    case "deny":
      throw denied(question, decision, verdict);
    case "require-approval": {
      const approval = await ask(deps, caller, { question, verdict, decision, judged });
      throw approvalRequired(question, decision, verdict, approval);
    }
    default:
      requireActivePolicies(change, verdict.policyVersion);
      return allow<A>(decision, verdict, standing);
  }
}

/** The only place that makes an `Allow`. */
function allow<A extends Action>(
  decision: Id<"decision">,
  { verdict, policyVersion, permits, lifted, obligations, receipts }: Allowed,
  standing: ApprovalRequest | undefined,
): Allow<A> {
  // The brand exists in the type alone: this cast is the one way to it.
  return {
    verdict,
    decision,
    policyVersion,
    policies: [...permits, ...lifted].map(({ id }) => id),
    obligations,
    receipts,
    ...(lifted.length > 0 && standing !== undefined ? { approval: standing.id } : {}),
  } satisfies Partial<Allow<A>> as unknown as Allow<A>;
}

function denied(question: Question, decision: Id<"decision">, verdict: Denied): Fault {
  const { reasons, policyVersion } = verdict;
  return new Fault("denied", explain(verdict), {
    remedy: "Ask for less, or ask whoever answers for you to widen what you may do.",
    members: { decision, reasons },
    record: { ...recorded(question, decision, policyVersion), verdict: "deny", policies: idsOf(reasons) },
  });
}

function approvalRequired(
  question: Question,
  decision: Id<"decision">,
  verdict: NeedsApproval,
  approval: Id<"approval">,
): Fault {
  const { missing, reasons, policyVersion } = verdict;
  return new Fault("approval-required", explain(verdict), {
    remedy: "People have been asked; ask again after the interval, with the same arguments.",
    members: { approval, decision, missing, reasons, interval: POLL_INTERVAL },
    record: {
      ...recorded(question, decision, policyVersion),
      verdict: "require-approval",
      policies: idsOf(reasons),
      approval,
    },
  });
}

const idsOf = (reasons: Denied["reasons"]): string[] => reasons.map(({ policy }) => policy);

/** What the log knows of a refused attempt: ids alone, never an argument. */
function recorded(question: Question, decision: Id<"decision">, policyVersion: string) {
  const { action, tool, resource, task, agent, person } = question;
  return {
    about: aboutAsked({
      ...(task === undefined ? {} : { task }),
      ...(agent === undefined ? {} : { agent: agent.name }),
      ...(person === undefined ? {} : { person: person.id }),
    }),
    decision,
    action,
    ...(tool === undefined ? {} : { tool }),
    resource: resource.location,
    policyVersion,
  };
}
