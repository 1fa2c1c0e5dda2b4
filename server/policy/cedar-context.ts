import { inSeconds, STRENGTHS } from "../lib/index.ts";
import { decimalOf, LARGEST } from "./carry.ts";
import type {
  Circumstances,
  History,
  PlanSeen,
  Risk,
  Scaled,
  ToolFacts,
  WindowCounts,
} from "./circumstances.ts";
import type { Names } from "./context-read.ts";
import type { CedarValue } from "./engine.ts";
import { isAboveLimit } from "./limit.ts";
import { localTime } from "./local-time.ts";
import type { Question } from "./question.ts";

type Members = Record<string, CedarValue>;

type Member = (question: Question) => CedarValue | undefined;

const circumstancesOf = ({ circumstances = {} }: Question): Circumstances => circumstances;
const toolIn = (question: Question): ToolFacts | undefined => circumstancesOf(question).tool;

/** The members of the context but for arguments, facts and settings; each absent where it is not known. */
const MEMBERS: ReadonlyMap<string, Member> = new Map(
  Object.entries<Member>({
    person: ({ person }) => person && { __entity: { type: "Person", id: person.id } },
    chain: ({ chain }) => chain && { depth: chain.depth, agents: chain.agents.map(text) },
    task: ({ task, tool }) => task && taskOf(task, tool),
    authority: ({ authority }) => ({ covered: authority.covered }),
    strength: ({ strength }) => strength,
    strength_rank: ({ strength }) => rankOf(strength),
    posture: (question) => postureOf(question),
    risk: (question) => knownRisk(question)?.score ?? MOST_RISK,
    risk_known: (question) => knownRisk(question) !== undefined,
    anomalies: (question) => knownRisk(question)?.anomalies.map(text) ?? [],
    now: ({ now }) => nowInUtc(now),
    local: (question) => ({ ...localTime(question.now, circumstancesOf(question).zone ?? "UTC") }),
    tool: (question) => mapped(toolIn(question), (tool) => toolOf(tool, serverIn(question.tool))),
    amount: (question) => mapped(toolIn(question)?.amount, ({ value }) => decimalOf(value)),
    currency: (question) => toolIn(question)?.amount?.currency,
    above_limit: (question) =>
      mapped(toolIn(question)?.amount, (amount) => isAboveLimit(question.person, amount)),
    history: (question) =>
      mapped(circumstancesOf(question).history, (history) => historyOf(history, toolIn(question))),
    window: (question) => mapped(circumstancesOf(question).windows, windowOf),
    delegate: ({ delegate }) => mapped(delegate, delegateOf),
  }),
);

const mapped = <From>(value: From | undefined, to: (value: From) => CedarValue): CedarValue | undefined =>
  value === undefined ? undefined : to(value);

/**
 * The context of a decision but for arguments, facts and settings, in the types that the catalog's schema
 * declares for every action. Nothing in it comes from arguments but the amount and its currency.
 * @param wanted the members that anybody will look at
 * @throws Error where something that we know cannot be carried: a policy that asks whether it is there would
 *   be told that it is not
 */
export function contextOf(question: Question, wanted: Names): Members {
  const context: Members = {};
  for (const name of wanted === "any" ? MEMBERS.keys() : wanted) {
    const value = MEMBERS.get(name)?.(question);
    if (value !== undefined) context[name] = value;
  }
  return context;
}

const delegateOf = ({ to, toClass, grants, depth }: NonNullable<Question["delegate"]>): Members => ({
  to: text(to),
  to_class: text(toClass),
  grants: grants.map(text),
  depth,
});

function postureOf({ circumstances, now }: Question): Members | undefined {
  const posture = circumstances?.posture;
  if (posture === undefined) return undefined;
  const [age, idle] = [Math.max(now - posture.provenAt, 0), Math.max(now - posture.lastActive, 0)];
  return { evidence_age: inSeconds(age), idle_days: Math.floor(idle / DAY) };
}

/** From 1 for the weakest; what is no strength of ours is weaker still. */
function rankOf(strength: Question["strength"]): number {
  const place = STRENGTHS.indexOf(strength);
  return place === -1 ? 0 : STRENGTHS.length - place;
}

const DAY = 86_400_000;

/** Half a surrogate pair is no text, for Cedar as for JSON. */
function text(value: string): string {
  if (value.isWellFormed()) return value;
  throw new Error("a text cannot be carried into a Cedar value");
}

function taskOf(task: NonNullable<Question["task"]>, tool: string | undefined): Members {
  const { incident, runbook, plan, breakGlass = false, consent = "passkey" } = task;
  return {
    id: text(task.id),
    purpose: text(task.purpose),
    started_by: text(task.startedBy),
    ...(incident === undefined ? {} : { incident: { id: text(incident.id), severity: incident.severity } }),
    ...(runbook === undefined
      ? {}
      : {
          runbook: { name: text(runbook.name), declares: tool !== undefined && runbook.steps.includes(tool) },
        }),
    ...(plan === undefined ? {} : { plan: planOf(plan, tool) }),
    break_glass: breakGlass,
    consent,
  };
}

const planOf = ({ tools, step }: PlanSeen, tool: string | undefined): Members => ({
  total: tools.length,
  declared: tool !== undefined && tools.includes(tool),
  ...(step === undefined ? {} : { step }),
});

/** A risk that was found longer ago says nothing about now, nor does one from the future. */
const RISK_STANDS = 600_000;
const MOST_RISK = 100;

/** The risk, where it was found lately. */
function knownRisk({ circumstances, now }: Question): Risk | undefined {
  const risk = circumstances?.risk;
  if (risk === undefined || !Number.isFinite(risk.score) || Math.abs(now - risk.at) > RISK_STANDS)
    return undefined;
  return { ...risk, score: Math.min(Math.max(Math.ceil(risk.score), 0), MOST_RISK) };
}

function nowInUtc(now: number): Members {
  const date = new Date(now);
  return { epoch: inSeconds(now), hour: date.getUTCHours(), weekday: date.getUTCDay() || 7 };
}

/** The server in `server/tool`. */
const serverIn = (tool = ""): string => tool.slice(0, Math.max(tool.indexOf("/"), 0));

const toolOf = ({ data, untrusted, environment, region }: ToolFacts, server: string): Members => ({
  server: text(server),
  data: data.map(text),
  untrusted,
  ...(environment === undefined ? {} : { environment: text(environment) }),
  ...(region === undefined ? {} : { region: text(region) }),
});

function historyOf(history: History, tool: ToolFacts | undefined): Members {
  const { labels, untrusted, calls, toolCalls, amounts } = history;
  const before = amountBefore(amounts, tool?.amount?.currency);
  return {
    labels: labels.map(text),
    untrusted,
    calls,
    tool_calls: toolCalls,
    amount: decimalOf(before),
    ...(tool?.amountFrom === undefined ? {} : { amount_after: decimalOf(amountAfter(before, tool.amount)) }),
  };
}

/** Where the currency of this call is not known, it may be that of which most was moved. */
function amountBefore(amounts: History["amounts"], currency: string | undefined): Scaled {
  if (currency !== undefined) return Object.hasOwn(amounts, currency) ? (amounts[currency] ?? 0n) : 0n;
  return Object.values(amounts).reduce((most, each) => (each > most ? each : most), 0n);
}

/** Nobody gets below a limit by moving what cannot be read. */
const amountAfter = (before: Scaled, moves: ToolFacts["amount"]): Scaled =>
  moves === undefined ? LARGEST : before + moves.value;

function windowOf(windows: NonNullable<Circumstances["windows"]>): Members {
  const window: Members = {};
  for (const whose of ["agent", "instance", "person", "resource"] as const) {
    const counts: WindowCounts | undefined = windows[whose];
    if (counts === undefined) continue;
    window[`${whose}_minute`] = counts.minute;
    window[`${whose}_hour`] = counts.hour;
    window[`${whose}_day`] = counts.day;
  }
  return window;
}
