/** A piece of policy text, in positions of JavaScript strings. */
export interface Token {
  readonly kind: "word" | "integer" | "string" | "mark";
  readonly start: number;
  readonly end: number;
}

/**
 * Spaces and comments, words, integers, strings with escapes, and single marks. A string that is never closed
 * reaches to the end, so that no text takes more than one pass.
 */
const tokenForm =
  /(?<skipped>\p{White_Space}+|\/\/[^\n\r]*)|(?<word>[A-Za-z_][A-Za-z0-9_]*)|(?<integer>[0-9]+)|(?<string>"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$))|(?<mark>.)/gsu;

/**
 * Splits policy text just far enough to find where policies end and which digits are integers. It accepts
 * every text; whether the text is Cedar is the parser's to say.
 */
export function* tokensOf(text: string): Generator<Token> {
  for (const { index, 0: found, groups } of text.matchAll(tokenForm)) {
    const kind = kinds.find((candidate) => groups?.[candidate] !== undefined);
    if (kind !== undefined) yield { kind, start: index, end: index + found.length };
  }
}

const kinds = ["word", "integer", "string", "mark"] as const;
