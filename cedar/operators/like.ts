import type { PatternElement } from "../policy-json.ts";
import type { Value } from "../value.ts";
import { expectString } from "./expect.ts";

/** The pattern of `like`: literals that must occur in this order, with anything where a wildcard stood. */
export interface Pattern {
  readonly start: string;
  readonly middle: readonly string[];
  /** Undefined when the pattern has no wildcard: then the text must equal `start`. */
  readonly end: string | undefined;
}

/** Prepares a pattern. Wildcards split it; neighbouring literals are joined. */
export function patternFrom(elements: readonly PatternElement[]): Pattern {
  const literals = [""];
  for (const element of elements) {
    if (element === "Wildcard") literals.push("");
    else literals.push(`${literals.pop() ?? ""}${element.Literal}`);
  }
  const [start = "", ...rest] = literals;
  const end = rest.pop();
  return { start, middle: rest.filter((literal) => literal !== ""), end };
}

/** `text like pattern`, in time linear in the text for every literal. @throws EvaluationError of kind `type` */
export function like(value: Value, pattern: Pattern): boolean {
  const text = expectString(value);
  const { start, middle, end } = pattern;
  if (end === undefined) return text === start;
  if (text.length < start.length + end.length) return false;
  if (!text.startsWith(start) || !text.endsWith(end)) return false;
  return inOrder(text, middle, start.length, text.length - end.length);
}

/** Taking the first occurrence of each literal is enough: a later one leaves less room for the rest. */
function inOrder(text: string, literals: readonly string[], from: number, until: number): boolean {
  let position = from;
  for (const literal of literals) {
    const found = text.indexOf(literal, position);
    if (found < 0 || found + literal.length > until) return false;
    position = found + literal.length;
  }
  return true;
}
