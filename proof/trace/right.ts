import { covers, type Grant, parseGrant } from "../grant/index.ts";
import type { Json } from "../jcs/index.ts";
import { VerificationError } from "../verification-error.ts";
import { isAt, type Links } from "./links.ts";
import type { IssuedToken } from "./tokens.ts";
import type { ActionEntry, Answer, ApprovalEntry, Right } from "./trace.ts";

/** Everything by which an action is judged. */
export type Evidence = {
  links: Links;
  tokens: ReadonlyMap<string, IssuedToken>;
  approvals: ReadonlyMap<string, ApprovalEntry>;
  /** Approvals that earlier actions have used. */
  used: Set<string>;
  /** When the task ended, milliseconds since 1970. */
  endedAt: number;
};

/** An action without the judgement. `receipts` are those that it names. */
export type ToldAction = Omit<ActionEntry, "right" | "problems"> & { receipts: readonly string[] };

/**
 * By what right an action was done. Nothing rests on what the event of the action says of itself: the token
 * must have been issued to this agent for this tool, and then either people have signed just this, or every
 * link up to a person's consent holds and covers the tool. Arguments stand in the log as commitments, so
 * whether they kept to the grants is the word of the server that issued and counted.
 */
export function rightOf(action: ToldAction, evidence: Evidence): { right: Right; problems: string[] } {
  const token = tokenProblems(action, evidence);
  if (token.length > 0) return { right: "autonomous", problems: token };
  const approval = action.approval === undefined ? undefined : approvalProblems(action, evidence);
  const chain = chainProblems(action, evidence);
  // What a person signed she signed, whatever has become of the chain; that is told beside it.
  if (approval?.length === 0) return { right: "approved", problems: chain };
  const right = chain.length === 0 && isConsented(action, evidence) ? "instructed" : "autonomous";
  return { right, problems: [...(approval ?? []), ...chain] };
}

function tokenProblems(action: ToldAction, { tokens }: Evidence): string[] {
  const token = tokens.get(action.jti ?? "");
  if (token === undefined) return ["no token for it is in these events"];
  const {
    agent,
    instance,
    audience,
    edge,
    at,
    expires = 0,
    revokedAt = Number.POSITIVE_INFINITY,
  } = token.entry;
  return [
    ...token.problems,
    ...failed([
      [agent !== undefined && agent === action.agent, "its token is another agent's"],
      [instance !== undefined && instance === action.instance, "its token is another instance's"],
      [audience !== undefined && audience === action.resource, "its token is for another resource"],
      [edge === action.edge, "its token rests on another delegation"],
      [
        at <= action.at && action.at < expires && action.at <= revokedAt,
        "its token had no force at that time",
      ],
      [token.entry.decided.some(({ tool }) => tool === action.tool), "its token is for another tool"],
    ]),
  ];
}

/** Whether people have signed exactly this: each receipt named, each requirement, no one's no, and once. */
function approvalProblems(action: ToldAction, { approvals, tokens, used }: Evidence): string[] {
  const id = action.approval ?? "";
  const approval = approvals.get(id);
  if (approval === undefined) return ["no request for its approval is in these events"];
  const decided = tokens.get(action.jti ?? "")?.entry.decided ?? [];
  const isGranted = decided.some((grant) => grant.tool === action.tool && grant.approval === id);
  const answers = approval.answers.filter(({ at }) => at <= action.at);
  const yeses = answers.filter(isYes);
  const named = yeses.filter(({ receipt }) => receipt !== undefined && action.receipts.includes(receipt));
  const problems = failed([
    [approval.tool === action.tool, "its approval is for another tool"],
    [approval.agent === action.agent, "its approval is for another agent"],
    [isGranted, "its token was issued for no such approval"],
    [
      approval.spentBy === undefined || approval.spentBy === action.jti,
      "another token has used its approval",
    ],
    [!used.has(id), "its approval has been used before"],
    [answers.every(({ decision }) => decision !== "deny"), "somebody said no"],
    [
      action.receipts.length > 0 && named.length === action.receipts.length,
      "receipts that it names do not hold",
    ],
    [
      approval.requirements.length > 0 && approval.requirements.every((wanted) => isMet(wanted, named)),
      "not everybody who was needed has signed",
    ],
  ]);
  if (problems.length === 0) used.add(id);
  return problems;
}

/** Whether so many different people as it takes have said yes: `approval(2 of finance)` takes two. */
function isMet(requirement: string, yeses: readonly Answer[]): boolean {
  const people = yeses.filter((yes) => yes.requirement === requirement).map(({ person }) => person);
  const [, count = "1"] = /^approval\((\d+) of /.exec(requirement) ?? [];
  return new Set(people).size >= Math.max(1, Number(count));
}

const isYes = ({ decision, problems }: Answer): boolean => decision === "approve" && problems.length === 0;

function chainProblems(action: ToldAction, { links, tokens, endedAt }: Evidence): string[] {
  const edge = links.byEdge.get(action.edge ?? "");
  if (edge === undefined) return ["it rests on no known delegation"];
  const path = links.pathOf(edge);
  const grants = tokens.get(action.jti ?? "")?.grants ?? [];
  return failed([
    [edge.to === action.agent, "the delegation is another agent's"],
    [path.every(({ passed }) => passed !== "unproven"), "the delegation is not proven"],
    [path.every((link) => isAt(link, action.at)), "the delegation had no force at that time"],
    [action.at <= endedAt, "the task had ended"],
    [grants.some((grant) => isWithin(edge.grants, grant, action.tool)), "the delegation does not cover it"],
  ]);
}

/** Whether a person is at its root: where none is, all is in order, and autonomous. */
function isConsented({ edge }: ToldAction, { links }: Evidence): boolean {
  const leaf = links.byEdge.get(edge ?? "");
  return leaf !== undefined && links.pathOf(leaf)[0]?.passed === "signed";
}

/** Whether what a token grants is within a delegation, as far as the log shows it: but for the arguments. */
function isWithin(held: readonly Grant[], attackerGrant: Json, tool: string): boolean {
  try {
    const grant = parseGrant(attackerGrant);
    if (grant.identifier !== tool) return false;
    return held.some(({ args: _, ...parent }) => covers({ ...parent, open_args: true }, grant));
  } catch (error) {
    if (error instanceof VerificationError) return false;
    throw error;
  }
}

const failed = (rules: readonly [boolean, string][]): string[] =>
  rules.filter(([holds]) => !holds).map(([, problem]) => problem);
