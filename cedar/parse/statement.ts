import { type Token, tokensOf } from "./token.ts";

/** One policy or template in a text. */
export interface Statement {
  readonly start: number;
  readonly end: number;
  readonly tokens: readonly Token[];
}

/** Splits a text at the semicolons; in Cedar they end policies and stand nowhere else. */
export function* statementsOf(text: string): Generator<Statement> {
  let tokens: Token[] = [];
  for (const token of tokensOf(text)) {
    tokens.push(token);
    if (text[token.start] === ";") {
      yield statement(tokens);
      tokens = [];
    }
  }
  if (tokens.length > 0) yield statement(tokens);
}

function statement(tokens: readonly Token[]): Statement {
  return { start: tokens[0]?.start ?? 0, end: tokens.at(-1)?.end ?? 0, tokens };
}

/** Whether a statement is a template: it has a slot. */
export function hasSlot(text: string, { tokens }: Statement): boolean {
  return tokens.some(({ start, kind }) => kind === "mark" && text[start] === "?");
}

const opening = new Set(["(", "[", "{"]);
const closing = new Set([")", "]", "}"]);
const deepening = new Set(["|", "&", "+", "-", "*", ".", "!"]);

/** How much the parser can take before it runs out of its stack, which would end the process's use of it. */
const most = { brackets: 64, conditionals: 200, operators: 1500 };

/** Why a statement is too much for the parser, if it is. */
export function excess(text: string, { tokens }: Statement): string | undefined {
  let [depth, deepest, conditionals, operators] = [0, 0, 0, 0];
  for (const [position, token] of tokens.entries()) {
    const mark = text[token.start] ?? "";
    if (isWord(text, token, "if")) conditionals += 1;
    if (isWord(text, token, "when") || isWord(text, token, "unless")) operators += 1;
    if (token.kind !== "mark") continue;
    if (opening.has(mark)) depth += 1;
    else if (closing.has(mark)) depth -= 1;
    if (mark === "[" && isIndex(text, tokens[position - 1])) operators += 1;
    else if (deepening.has(mark) && text[token.start - 1] !== mark) operators += 1;
    deepest = Math.max(deepest, depth);
  }
  if (deepest > most.brackets) return `Brackets nest deeper than ${most.brackets} levels.`;
  if (conditionals > most.conditionals) return `A policy has more than ${most.conditionals} conditionals.`;
  if (operators > most.operators) return `A policy has more than ${most.operators} operators.`;
  return undefined;
}

function isWord(text: string, { kind, start, end }: Token, word: string): boolean {
  return kind === "word" && end - start === word.length && text.startsWith(word, start);
}

/** A bracket after an expression takes a member of it, one level deeper each; elsewhere it opens a set. */
function isIndex(text: string, before: Token | undefined): boolean {
  if (before === undefined) return false;
  return before.kind !== "mark" || closing.has(text[before.start] ?? "");
}
