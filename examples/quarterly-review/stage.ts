/** What the audience sees. Every claim printed here has been checked first. */
import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

const paint = (style: Style, text: string): string => styleText(style, text, { stream: process.stdout });
const print = (line = ""): void => void process.stdout.write(`${line}\n`);

export const person = (name: string): string => `${paint("cyan", "●")} ${name}`;
export const agent = (name: string): string => `${paint("magenta", "◆")} ${name}`;
export const resource = (name: string): string => `${paint("yellow", "▣")} ${name}`;

/** How authority passed from one to the next. */
export type Link = "signed" | "narrowed" | "called" | "asked for";

/** Authority on one line: `● Alice ──signed──▶ ◆ planning-agent`. */
export const chain = (first: string, ...rest: readonly (readonly [Link, string])[]): string =>
  rest.reduce((line, [link, next]) => `${line} ${paint("dim", `──${link}──▶`)} ${next}`, first);

export type Verdict = "ALLOW" | "DENY" | "REQUIRE_APPROVAL" | "REFUSED";

const verdictStyles: Record<Verdict, Style> = {
  ALLOW: ["bold", "green"],
  DENY: ["bold", "red"],
  REQUIRE_APPROVAL: ["bold", "yellow"],
  REFUSED: ["bold", "red"],
};

/** Opens an act. */
export function act(number: number, title: string): void {
  print();
  print(paint("bold", `${number}. ${title}`));
}

/** One thing that happened. */
export const happens = (line: string): void => print(`   ${line}`);

/** A chain and its verdict, with what decided it. */
export const verdict = (line: string, said: Verdict, ...why: readonly string[]): void =>
  print(`   ${line}   ${[paint(verdictStyles[said], said), ...why].join(" · ")}`);

/** What a line before means, more quietly. */
export const aside = (line: string): void => print(paint("dim", `      ${line}`));

export const title = (line: string): void => print(paint("bold", line));

/** What another program printed, set apart as its words. */
export function quoted(output: string): void {
  for (const line of output.trimEnd().split("\n")) print(`   ${paint("dim", "│")} ${line}`);
}
