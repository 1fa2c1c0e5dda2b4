import { describeGrant } from "../grant/index.ts";
import { principalsIn } from "./principals.ts";
import { stepWords } from "./steps.ts";
import type { ConsentTrace, EdgeTrace, Entry, StepEntry, TokenEntry, Trace } from "./trace.ts";
import { answerWord, delegatedBy, signatureWord, verdictOf } from "./verdict.ts";
import { instant, namesOf, shown } from "./words.ts";

export type RenderOptions = {
  /** Display names of people by their ids; who is not in it stands by the id. */
  names?: Readonly<Record<string, string>>;
  /** Columns. A verdict that does not fit stands on a line of its own; chains are never cut. */
  width?: number;
  /** Whether verdicts are coloured for a terminal. */
  colour?: boolean;
};

type Page = { name: (person: string) => string; width: number; colour: boolean };

/**
 * A trace as lines of text, each action with its whole chain: `● Alice ──signed──▶ ◆ planner ──called──▶
 * ▣ reports/read   ALLOW · delegated-calls · instructed`. A dot is a person, a diamond an agent, a square
 * what was reached. Whatever others chose to be called cannot leave its place or pass for our notation.
 */
export function renderTrace(attackerTrace: Trace, options: RenderOptions = {}): string[] {
  const { names = {}, width = Number.POSITIVE_INFINITY, colour = false } = options;
  const page: Page = { name: namesOf(names), width, colour };
  const { root, unplaced } = attackerTrace;
  return [
    ...headLines(attackerTrace, page),
    ...(root === undefined ? [] : ["", ...edgeLines(root, "", 0, page)]),
    ...unplacedLines(unplaced, page),
    "",
    ...footLines(attackerTrace),
  ];
}

function headLines(trace: Trace, page: Page): string[] {
  const { task, state, requested, ended, consents } = trace;
  const people = principalsIn(trace).filter((id) => page.name(id) !== shown(id));
  const by = ended === undefined ? "" : ` ${instant(ended.at)} by ${principal(ended.by, page)}`;
  return [
    `task ${shown(task)}   ${state}${by}`,
    ...(requested === undefined ? ["  no request for it is in these events"] : requestLines(requested, page)),
    ...consents.flatMap((consent) => consentLines(consent, page)),
    ...people.map((id) => `  ● ${page.name(id)} is ${shown(id)}`),
  ];
}

function requestLines(requested: NonNullable<Trace["requested"]>, page: Page): string[] {
  const { at, by, instruction, purpose, plan } = requested;
  const how = `${shown(by.via)}, ${shown(by.strength)}`;
  const words = [instruction && `instruction ${shown(instruction)}`, purpose && `purpose ${shown(purpose)}`];
  const committed = words.filter((word) => word !== undefined && word !== "");
  return [
    `  ${instant(at)}  ${principal(by, page)} (${how}) ${askedWords(requested, page)}`,
    ...(committed.length === 0 ? [] : [`  commitments: ${committed.join(", ")}`]),
    ...(plan === undefined ? [] : [`  plan ${shown(plan.hash)}: ${plan.steps.map(shown).join(", ")}`]),
  ];
}

function askedWords(
  { person = "unknown", agent = "unknown", startedBy = "person", on }: NonNullable<Trace["requested"]>,
  page: Page,
): string {
  if (startedBy === "person") return `asked ◆ ${shown(agent)} to work for ● ${page.name(person)}`;
  const what = on === undefined ? "by itself" : `on ${shown(startedBy)} ${shown(on)}`;
  return `started ◆ ${shown(agent)} ${what}: nobody asked, ● ${page.name(person)} answers for it`;
}

function consentLines({ at, person, signature, problems }: ConsentTrace, page: Page): string[] {
  const line = `  ${instant(at)}  ● ${page.name(person)} consented   ${signatureWord(signature)}`;
  return [line, ...problemLines(problems, "    ")];
}

/** A delegation, what it gives, what was done with it, and what hangs on it. */
function edgeLines(edge: EdgeTrace, above: string, depth: number, page: Page): string[] {
  const indent = "  ".repeat(depth);
  const chain = `${depth > 0 ? above : giverOf(edge, page)} ──${passedWord(edge)}──▶ ◆ ${shown(edge.to)}`;
  const end =
    edge.endedAt === undefined ? [] : [`${indent}  ${instant(edge.endedAt)}  ended before its time`];
  const verdict = edge.parent === undefined ? [] : [delegatedBy(edge.policies, page.colour)];
  return [
    ...fitted(`${indent}${chain}`, verdict, indent, page),
    ...problemLines(edge.problems, `${indent}  `),
    ...edge.grants.map((grant) => `${indent}  may ${describeGrant(grant)}`),
    ...(edge.expires === undefined ? [] : [`${indent}  until ${instant(edge.expires)}`]),
    ...edge.entries.flatMap((entry) => entryLines(entry, chain, `${indent}  `, page)),
    ...end,
    ...edge.children.flatMap((child) => edgeLines(child, chain, depth + 1, page)),
  ];
}

function giverOf({ parent, passed, from }: EdgeTrace, page: Page): string {
  if (passed === "standing") return "◇ standing authority";
  return parent === undefined ? `● ${page.name(from)}` : `◆ ${shown(from)}`;
}

const passedWord = ({ passed }: EdgeTrace): string => (passed === "standing" ? "started" : passed);

function entryLines(entry: Entry, chain: string, indent: string, page: Page): string[] {
  const start = `${indent}${instant(entry.at)}  `;
  if (entry.kind === "token") return [`${start}${tokenWords(entry)}`];
  if (entry.kind === "step") return [`${start}${reportWords(entry)}`];
  const line = `${start}${chain} ${reached(entry)}`;
  return [
    ...fitted(line, [verdictOf(entry, page.colour)], indent, page),
    ...(entry.kind === "approval" ? answerLines(entry, `${indent}  `, page) : []),
    ...(entry.kind === "refusal" && entry.why !== undefined ? [`${indent}  ${shown(entry.why)}`] : []),
    ...(entry.kind === "action" ? problemLines(entry.problems, `${indent}  `) : []),
  ];
}

function tokenWords({
  jti,
  audience = "unknown",
  strength = "unknown",
  decided,
  revokedAt,
}: TokenEntry): string {
  const tools = decided.map(({ tool }) => shown(tool)).join(", ");
  const revoked = revokedAt === undefined ? "" : `, revoked ${instant(revokedAt)}`;
  return `token ${shown(jti)} for ${shown(audience)}: ${tools} (${shown(strength)}${revoked})`;
}

/** What the agent says, in its own place: nothing that the log shows of itself. */
function reportWords({ tool = "unknown", state, evidence, ...at }: StepEntry): string {
  const shownBy = evidence === undefined ? "" : `, evidence ${shown(evidence)}`;
  return `${stepWords(at)} (${shown(tool)}) reported ${shown(state)}${shownBy}`;
}

function reached(entry: Exclude<Entry, TokenEntry | StepEntry>): string {
  const what =
    entry.kind === "refusal" && entry.to !== undefined ? `◆ ${shown(entry.to)}` : `▣ ${target(entry)}`;
  return `──${linkWord(entry)}──▶ ${what}`;
}

function linkWord(entry: Exclude<Entry, TokenEntry | StepEntry>): string {
  if (entry.kind === "approval") return "asked";
  return entry.tool === undefined ? "attempted" : "called";
}

const target = (entry: Exclude<Entry, TokenEntry | StepEntry>): string =>
  shown(entry.tool ?? entry.action ?? "unknown");

function answerLines(entry: Extract<Entry, { kind: "approval" }>, indent: string, page: Page): string[] {
  return entry.answers.flatMap((answer) => {
    const { at, person, requirement = "unknown", signature, problems } = answer;
    const chain = `● ${page.name(person)} ──${answerWord(answer)}──▶ ▣ ${target(entry)}`;
    const line = `${indent}${instant(at)}  ${chain}   ${shown(requirement)} · ${signatureWord(signature)}`;
    return [line, ...problemLines(problems, `${indent}  `)];
  });
}

function unplacedLines({ edges, entries }: Trace["unplaced"], page: Page): string[] {
  if (edges.length === 0 && entries.length === 0) return [];
  return [
    "",
    "at no one place in the tree",
    ...edges.flatMap((edge) => edgeLines(edge, "", 0, page)),
    ...entries.flatMap((entry) => entryLines(entry, whoOf(entry, page), "  ", page)),
  ];
}

function whoOf(entry: Entry, page: Page): string {
  if (entry.agent !== undefined) return `◆ ${shown(entry.agent)}`;
  return entry.kind === "refusal" && entry.by !== undefined ? principal(entry.by, page) : "somebody";
}

function principal({ kind, principal: id }: { kind: string; principal: string }, page: Page): string {
  if (kind === "person") return `● ${page.name(id)}`;
  return kind === "agent" ? `◆ ${shown(id)}` : `▣ ${shown(id)}`;
}

function footLines({ events, notShown }: Trace): string[] {
  const hidden = notShown === 0 ? "" : `; ${notShown} of kinds that are not shown here`;
  return [`${events} events of this task${hidden}`];
}

const problemLines = (problems: readonly string[], indent: string): string[] =>
  problems.map((problem) => `${indent}! ${shown(problem)}`);

/** A line with its end, on one line where there is room. */
function fitted(line: string, [end]: readonly string[], indent: string, page: Page): string[] {
  if (end === undefined) return [line];
  const together = `${line}   ${end}`;
  return columns(together) <= page.width ? [together] : [line, `${indent}    ${end}`];
}

/** How wide a text is, without the colours. */
const columns = (text: string): number => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are made of them
  return [...text.replace(/\u001b\[\d+m/g, "")].length;
};
