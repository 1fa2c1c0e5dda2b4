import type { Change } from "../database/index.ts";
import { type Action, type Allow, type Caller, Fault, type Id } from "../lib/index.ts";
import { type Allowed, type Denied, explain, type NeedsApproval, type Question } from "../policy/index.ts";
import type { ApprovalsDeps } from "./approvals-deps.ts";
import { ask } from "./ask.ts";
import { isAllowed, type Judgement, judge, settle } from "./judge.ts";
import { aboutAsked } from "./request.ts";

/** How long a client waits before it asks again whether people have answered, in seconds. */
const POLL_INTERVAL = 5;

export interface AuthorizeOptions {
  /** The token that asks, whose own approval counts although it is reserved. */
  readonly reservedBy?: string;
  /** The approval that it was issued for: where that no longer stands, nobody is asked anew. */
  readonly held?: Id<"approval"> | undefined;
}

/**
 * The one door to a decision. Decides by the set that decides now, and adds to the change that it still does
 * when it commits, with the decision itself: what lets something happen is durable before its answer leaves.
 * Where people must say yes first, they have been asked when this throws. Whoever issues a token for an
 * `Allow` with an `approval` reserves it in the same change. While policies are only observed, what they would
 * refuse passes, and the `Allow` says so.
 * @throws Fault `gone` where the approval that a token was issued for has been used; `denied` with the reasons, and with what is `open` where people would have to be asked about a
 *   call that is not one exact call; `approval-required` with the request's id, what is missing and the
 *   interval in seconds to ask again; `conflict` while another token holds the approval
 */
export async function authorize<A extends Action>(
  deps: ApprovalsDeps,
  change: Change,
  caller: Caller,
  question: Question & { readonly action: A },
  { reservedBy, held }: AuthorizeOptions = {},
): Promise<Allow<A>> {
  const judgement = await judge(deps, caller, question, reservedBy);
  const refusal = await settle(deps, change, judgement);
  if (refusal === undefined) return allow<A>(judgement);
  if (refusal.verdict === "deny") throw denied(judgement, refusal);
  if (isHeldBy(judgement, reservedBy)) throw outgrown(judgement, refusal);
  if (held !== undefined) throw usedUp(judgement, refusal);
  if (isLeftOpen(judgement.question)) throw leftOpen(judgement, refusal);
  throw approvalRequired(judgement, refusal, await ask(deps, caller, { ...judgement, verdict: refusal }));
}

/** The only place that makes an `Allow`. */
function allow<A extends Action>({ decision, deciding, verdict, standing }: Judgement): Allow<A> {
  const decided = {
    decision,
    policyVersion: verdict.policyVersion,
    activation: deciding.active?.number ?? 0,
  };
  const by = isAllowed(verdict) ? byPolicies(verdict, standing) : observedAs(verdict);
  // The brand exists in the type alone: this cast is the one way to it.
  return { ...decided, ...by } satisfies Unbranded as unknown as Allow<A>;
}

/** An `Allow` but for what makes it one. */
type Unbranded = Pick<Allow<Action>, keyof Allow<Action> & string>;

const byPolicies = (
  { verdict, permits, lifted, obligations, receipts }: Allowed,
  standing: Judgement["standing"],
) => ({
  verdict,
  policies: [...permits, ...lifted].map(({ id }) => id),
  obligations,
  receipts,
  ...(lifted.length > 0 && standing !== undefined ? { approval: standing.id } : {}),
});

/** Let pass although policies would have refused it: nothing permitted it, and nothing binds it. */
const observedAs = ({ verdict, reasons }: Denied | NeedsApproval) => ({
  verdict: "allow" as const,
  policies: [],
  obligations: [],
  receipts: [],
  observed: { verdict, reasons: idsOf(reasons) },
});

/** Whether the token that asks holds the very approval that no longer lifts everything. */
const isHeldBy = ({ standing, judged }: Judgement, reservedBy: string | undefined): boolean =>
  reservedBy !== undefined && standing?.reservedBy === reservedBy && judged === "approved";

/** What a person signs must be what is done, so nobody is asked about a call that is left open in any part. */
const isLeftOpen = ({ openArgs = [] }: Question): boolean => openArgs === "any" || openArgs.length > 0;

function denied({ question, decision }: Judgement, verdict: Denied): Fault {
  const { reasons, policyVersion } = verdict;
  return new Fault("denied", explain(verdict), {
    remedy: "Ask for less, or ask whoever answers for you to widen what you may do.",
    members: { decision, reasons },
    record: { ...recorded(question, decision, policyVersion), verdict: "deny", policies: idsOf(reasons) },
  });
}

/** People said yes to less than policy asks for now; the token's sender can have them asked again. */
function outgrown({ question, decision }: Judgement, verdict: NeedsApproval): Fault {
  const { reasons, missing, policyVersion } = verdict;
  return new Fault("denied", explain(verdict), {
    remedy: "Refuse the call; its sender can ask for a new token, and people will be asked again.",
    members: { decision, reasons, missing },
    record: { ...recorded(question, decision, policyVersion), verdict: "deny", policies: idsOf(reasons) },
  });
}

/** The approval that the token was issued for was used, or has ended, while this was being decided. */
function usedUp({ question, decision }: Judgement, { policyVersion, reasons }: NeedsApproval): Fault {
  return new Fault("gone", "The approval that this token was issued for has been used or has ended.", {
    remedy: "Refuse the call; its sender can ask for a new token, and people will be asked again.",
    record: { ...recorded(question, decision, policyVersion), verdict: "deny", policies: idsOf(reasons) },
  });
}

function leftOpen({ question, decision }: Judgement, verdict: NeedsApproval): Fault {
  const { reasons, missing, policyVersion } = verdict;
  return new Fault("denied", "A person must approve this call, and approves one exact call only.", {
    remedy: "Ask again with every argument pinned to one value.",
    members: { decision, reasons, missing, open: question.openArgs },
    record: { ...recorded(question, decision, policyVersion), verdict: "deny", policies: idsOf(reasons) },
  });
}

function approvalRequired(
  { question, decision }: Judgement,
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
