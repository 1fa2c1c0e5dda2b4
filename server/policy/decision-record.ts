import type { Sealer } from "../audit/index.ts";
import type { Id } from "../lib/index.ts";
import type { Question } from "./question.ts";
import type { GivenReceipt, Verdict } from "./verdict.ts";

/** A decision with all that it saw: what `why` explains and what a draft is replayed against. */
export interface DecisionRecord {
  readonly id: Id<"decision">;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Which set decided: that of everybody, or a canary's. */
  readonly by: "active" | "canary";
  /** How many sets had been activated. */
  readonly activation: number;
  /** Nothing was refused, because policies are only observed. */
  readonly observed: boolean;
  /** What was gathered for it: of the rest nothing is known. */
  readonly question: Question;
  readonly receipts: readonly GivenReceipt[];
  readonly verdict: Verdict;
}

/** A decision as it rests in the database: ids in clear, everything else sealed. */
export interface SealedDecision {
  readonly id: string;
  readonly at: number;
  readonly verdict: Verdict["verdict"];
  readonly version: string;
  readonly action: string;
  readonly agent: string | null;
  readonly task: string | null;
  readonly sealed: Uint8Array;
}

/** @throws Error for what no JSON can carry: such a question is never decided */
export function sealDecision(sealer: Sealer, record: DecisionRecord): SealedDecision {
  const { id, at, question, verdict } = record;
  const text = JSON.stringify({ ...record, question: recorded(question) }, bigintsAsText);
  return {
    id,
    at,
    verdict: verdict.verdict,
    version: verdict.policyVersion,
    action: (question.tool ?? question.action).slice(0, LONGEST_ACTION),
    agent: question.agent?.name ?? null,
    task: question.task?.id ?? null,
    sealed: sealer.seal(Buffer.from(text), belongsTo(id)),
  };
}

/** @throws Error when the bytes are not what was sealed for this decision */
export function openDecision(sealer: Sealer, { id, sealed }: SealedDecision): DecisionRecord {
  const text = Buffer.from(sealer.open(sealed, belongsTo(id))).toString("utf8");
  const { question, ...record } = JSON.parse(text) as DecisionRecord;
  return { ...record, question: withAmounts(question) };
}

/** Longer than the name of any tool; what somebody asks about need not be one. */
const LONGEST_ACTION = 300;

const belongsTo = (id: string): Uint8Array => Buffer.from(`decision ${id}`);

/**
 * Without what no policy can read: a person's name and address, and the grants of the agent, whose coverage
 * the question has as `authority`.
 */
function recorded({ person, agent, ...question }: Question): Question {
  return {
    ...question,
    ...(person === undefined ? {} : { person: { ...person, name: "", email: "" } }),
    ...(agent === undefined
      ? {}
      : { agent: { ...agent, grants: [], delegation: { ...agent.delegation, grants: [] } } }),
  };
}

/** Amounts are exact, so they are big integers. Nothing else in a question is. */
const bigintsAsText = (_name: string, value: unknown): unknown =>
  typeof value === "bigint" ? value.toString() : value;

function withAmounts(question: Question): Question {
  const { circumstances } = question;
  const tool = circumstances?.tool;
  const history = circumstances?.history;
  if (tool?.amount === undefined && history === undefined) return question;
  return {
    ...question,
    circumstances: {
      ...circumstances,
      ...(tool?.amount === undefined
        ? {}
        : { tool: { ...tool, amount: { ...tool.amount, value: BigInt(tool.amount.value) } } }),
      ...(history === undefined ? {} : { history: { ...history, amounts: inBigints(history.amounts) } }),
    },
  };
}

const inBigints = (amounts: Readonly<Record<string, bigint>>): Record<string, bigint> =>
  Object.fromEntries(Object.entries(amounts).map(([currency, value]) => [currency, BigInt(value)]));
