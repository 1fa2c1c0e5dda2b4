import type { PolicyFile } from "./policy-files.ts";
import { bold, faint, green, red, say, table, visible, yellow } from "./say.ts";

/** What the server, or the check without one, found. */
export interface Problem {
  severity: "error" | "warning";
  file: string;
  policy?: string;
  line: number;
  column: number;
  message: string;
}

/** Problems in the manner of a compiler: the place, the sentence, the line, and where in it. */
export function printProblems(problems: readonly Problem[], files: readonly PolicyFile[]): void {
  for (const problem of problems) {
    const { severity, file, line, column, policy, message } = problem;
    const mark = severity === "error" ? red("✗") : yellow("!");
    const named = policy === undefined || policy === "" ? "" : faint(` (${visible(policy)})`);
    say.line(`${mark} ${bold(visible(`${file}:${line}:${column}`))}${named}`);
    for (const part of message.split("\n")) say.line(`  ${visible(part)}`);
    for (const shown of sourceLine(problem, files)) say.line(shown);
    say.line();
  }
}

const WIDTH = 100;

/** The line with a caret below the column, cut to what a terminal shows. */
function sourceLine({ file, line, column }: Problem, files: readonly PolicyFile[]): string[] {
  const text = textOf(file, files)?.split("\n")[line - 1];
  if (text === undefined || text.trim() === "") return [];
  const number = String(line).padStart(6);
  const start = Math.max(0, column - WIDTH);
  // One cell for each character, so that the caret stands below the right one.
  const shown = [...visibleCells(text.slice(start))].slice(0, WIDTH).join("");
  const caret = `${" ".repeat(Math.max(0, [...text.slice(start, column - 1)].length))}^`;
  return [faint(`${number} | `) + shown, `${faint(`${" ".repeat(6)} | `)}${red(caret)}`];
}

/** What does not show, and blanks of several cells, as one cell each. */
const visibleCells = (attackerText: string): string =>
  attackerText.replaceAll("\t", " ").replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "·");

function textOf(file: string, files: readonly PolicyFile[]): string | undefined {
  for (const { name, text, tests, settings } of files) {
    if (file === `${name}.cedar`) return text;
    if (file === `${name}.test.yaml`) return tests;
    if (file === `${name}.settings.yaml`) return settings;
  }
  return undefined;
}

/** One line for all of them. */
export function summaryOf(problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const warnings = problems.length - errors;
  return [counted(errors, "error"), counted(warnings, "warning")].join(", ");
}

export const counted = (count: number, word: string, words = `${word}s`): string =>
  `${count} ${count === 1 ? word : words}`;

/** A moment as a person reads it, in UTC. */
export const moment = (at: number): string =>
  `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;

export const done = (sentence: string): void => say.line(`${green("✓")} ${sentence}`);

/** Rows under a head, indented, or nothing where there are none. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  if (rows.length > 0) say.line(table([head, ...rows]));
}

/** Two texts line by line: what goes with a minus, what comes with a plus, what stays faint. */
export function printChange(before: string, after: string): void {
  for (const [mark, line] of lineDiff(before.split("\n"), after.split("\n"))) {
    const shown = `    ${mark} ${visible(line)}`;
    say.line(mark === "-" ? red(shown) : mark === "+" ? green(shown) : faint(shown));
  }
}

export function printText(mark: "+" | "-", text: string): void {
  for (const line of text.split("\n")) {
    const shown = `    ${mark} ${visible(line)}`;
    say.line(mark === "+" ? green(shown) : red(shown));
  }
}

const LONGEST_DIFF = 400;

type Line = readonly [mark: "-" | "+" | " ", line: string];

/** By the longest common lines; texts that are too long for that are shown whole, the one after the other. */
export function lineDiff(before: readonly string[], after: readonly string[]): Line[] {
  if (before.length > LONGEST_DIFF || after.length > LONGEST_DIFF)
    return [...before.map((line): Line => ["-", line]), ...after.map((line): Line => ["+", line])];
  const common = commonLengths(before, after);
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && before[i] === after[j]) {
      lines.push([" ", before[i++] ?? ""]);
      j += 1;
    } else if (
      j >= after.length ||
      (i < before.length && lengthAt(common, i + 1, j) >= lengthAt(common, i, j + 1))
    )
      lines.push(["-", before[i++] ?? ""]);
    else lines.push(["+", after[j++] ?? ""]);
  }
  return lines;
}

const lengthAt = (common: readonly (readonly number[])[], i: number, j: number): number =>
  common[i]?.[j] ?? 0;

function commonLengths(before: readonly string[], after: readonly string[]): number[][] {
  const common = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0));
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const longest =
        before[i] === after[j]
          ? lengthAt(common, i + 1, j + 1) + 1
          : Math.max(lengthAt(common, i + 1, j), lengthAt(common, i, j + 1));
      (common[i] ?? [])[j] = longest;
    }
  }
  return common;
}
