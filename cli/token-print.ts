import {
  type InspectedPart,
  type Inspection,
  type Party,
  span,
  type TokenKind,
} from "@countersign/proof/inspect";
import { bold, faint, green, red, visible, yellow } from "./say.ts";

const titles: Readonly<Record<TokenKind, string>> = {
  "access-token": "Access token",
  warrant: "Warrant",
  "delegation-ticket": "Delegation ticket",
  "dpop-proof": "DPoP proof",
  "client-assertion": "Client assertion",
  "transaction-token": "Transaction token",
  "id-jag": "Identity assertion for another domain (ID-JAG)",
  "status-list": "Status list",
  other: "A signed token of a kind that is not ours",
};

const marks: Readonly<Record<Party["kind"], string>> = { person: "●", agent: "◆", service: "▣", key: "▪" };

/** What may be done, in a word, on the arrow from giver to holder. */
const verbs: Partial<Record<TokenKind, string>> = { "delegation-ticket": "lets", warrant: "gives" };

/** What was found, as lines for a terminal. Whatever a token calls things cannot leave its place. */
export function inspectionLines(inspection: Inspection, now: number, width: number): string[] {
  const { kind, parts, problems, notTold } = inspection;
  const title =
    parts.length > 1 ? `${titles[kind]} chain of ${parts.length} links, root first` : titles[kind];
  return [
    bold(title),
    ...problems.flatMap(({ problem }) => marked(red("✗"), problem, "", width)),
    ...parts.flatMap((part, i) => [
      "",
      ...partLines(part, parts[i - 1], i, { now, width, isChain: parts.length > 1 }),
    ]),
    ...(notTold.length > 0
      ? ["", ...notTold.flatMap((each) => wrapped(each, "", "  ", width).map(faint))]
      : []),
  ];
}

type Page = { now: number; width: number; isChain: boolean };

function partLines(part: InspectedPart, before: InspectedPart | undefined, i: number, page: Page): string[] {
  const { width } = page;
  const number = page.isChain ? `${i}  ` : "";
  const indent = " ".repeat(number.length);
  const line = (text: string) => wrapped(text, indent, `${indent}  `, width);
  return [
    ...headLines(part, number, page),
    ...part.problems.flatMap(({ problem }) => marked(red("✗"), problem, indent, width)),
    ...part.tookAway.flatMap((taken) => marked(yellow("−"), taken, indent, width)),
    ...part.grants.flatMap((grant) => line(`may ${grant}`)),
    ...timeLines(part, page.now).flatMap(line),
    ...signatureLines(part, indent, width),
    ...factLines(part, before, indent, width),
  ];
}

function headLines({ kind, from, to }: InspectedPart, number: string, { width }: Page): string[] {
  const [giver, holder] = [party(from), party(to)];
  if (giver === undefined && holder === undefined) return number === "" ? [] : [number.trimEnd()];
  const hanging = " ".repeat(number.length + 2);
  if (giver === undefined || holder === undefined) {
    return wrapped(giver ?? holder ?? "", number, hanging, width).map(bold);
  }
  const gives = `──${verbs[kind] ?? "acts through"}──▶ ${holder}`;
  const together = `${number}${giver} ${gives}`;
  if (together.length <= width) return [bold(together)];
  return [...wrapped(giver, number, hanging, width), ...wrapped(gives, hanging, `${hanging}  `, width)].map(
    bold,
  );
}

const party = (one: Party | undefined): string | undefined =>
  one === undefined ? undefined : `${marks[one.kind]} ${visible(one.name)}`;

function timeLines({ issued, begins, ends }: InspectedPart, now: number): string[] {
  const end =
    ends === undefined
      ? []
      : [`${ends * 1000 <= now ? "ended" : "ends"} ${moment(ends)}, ${fromNow(ends, now)}`];
  const begin = begins === undefined ? [] : [`good from ${moment(begins)}`];
  const made = issued === undefined ? [] : [`made ${moment(issued)}, ${fromNow(issued, now)}`];
  return [[...made, ...begin, ...end].join("; ")].filter((text) => text !== "");
}

/** A number that is no time stands as it is. */
function moment(seconds: number): string {
  const time = new Date(seconds * 1000);
  if (Number.isNaN(time.getTime())) return String(seconds);
  return time
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, "Z");
}

function fromNow(seconds: number, now: number): string {
  const away = seconds - now / 1000;
  return away >= 0 ? `in ${span(away)}` : `${span(-away)} ago`;
}

function signatureLines({ signature, alg }: InspectedPart, indent: string, width: number): string[] {
  const how = alg === undefined ? "" : ` (${alg})`;
  if (signature.state === "holds")
    return marked(green("✓"), `signed by ${signature.by}${how}`, indent, width);
  if (signature.state === "broken")
    return marked(red("✗"), `not signed by ${signature.by}${how}`, indent, width);
  return marked(faint("?"), `signature not checked: ${signature.why}${how}`, indent, width);
}

/** Each label once, aligned; of a link only what the one before did not say already. */
function factLines(
  { facts }: InspectedPart,
  before: InspectedPart | undefined,
  indent: string,
  width: number,
): string[] {
  const said = new Set(before?.facts.map(({ label, value }) => `${label}=${value}`));
  const news = facts.filter(({ label, value }) => !said.has(`${label}=${value}`));
  const column = Math.min(20, Math.max(0, ...news.map(({ label }) => visible(label).length)));
  return news.flatMap(({ label, value }) => {
    const name = visible(label).padEnd(column);
    const hanging = `${indent}${" ".repeat(column + 2)}`;
    const [first = "", ...rest] = wrapped(value, hanging, hanging, width);
    return [`${indent}${faint(name)}  ${first.slice(hanging.length)}`, ...rest];
  });
}

function marked(mark: string, text: string, indent: string, width: number): string[] {
  const [first = "", ...rest] = wrapped(text, `${indent}  `, `${indent}  `, width);
  return [`${indent}${mark} ${first.slice(indent.length + 2)}`, ...rest];
}

/** A text in lines that fit: broken between words, and a word that fits no line within itself. */
function wrapped(attackerText: string, first: string, hanging: string, width: number): string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of visible(attackerText)
    .split(" ")
    .flatMap((each) => pieces(each, width - hanging.length))) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      [line, isEmpty] = [hanging, true];
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}

function pieces(word: string, room: number): string[] {
  if (word.length <= room) return [word];
  return [word.slice(0, room), ...pieces(word.slice(room), room)];
}
