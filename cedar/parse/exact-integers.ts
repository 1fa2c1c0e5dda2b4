import { parseExactJson } from "../exact-json.ts";
import type { Statement } from "./statement.ts";
import type { Token } from "./token.ts";

const largest = BigInt(Number.MAX_SAFE_INTEGER);

/** The integers of a statement that the parser, which answers in JavaScript numbers, would round. */
export function largeIntegers(text: string, { tokens }: Statement): readonly Token[] {
  return tokens.filter(({ kind, start, end }) => {
    return kind === "integer" && end - start > 15 && BigInt(text.slice(start, end)) > largest;
  });
}

/**
 * Parses a statement so that large integers stay exact: each is replaced by a string that occurs nowhere else
 * in the policy, and in the parsed form by the integer.
 *
 * @param rounded the parsed form of the statement as it is: shows that it is valid, and which strings it has
 * @param parse parses the text of one statement that is known to be valid
 */
export function parseExactly(
  text: string,
  statement: Statement,
  large: readonly Token[],
  rounded: unknown,
  parse: (text: string) => unknown,
): unknown {
  const mark = unusedMark(JSON.stringify(rounded));
  return restored(JSON.stringify(parse(marked(text, statement, large, mark))), mark);
}

function unusedMark(json: string): string {
  let mark = "integer:";
  while (json.includes(mark)) mark = `x${mark}`;
  return mark;
}

function marked(text: string, { start, end }: Statement, large: readonly Token[], mark: string): string {
  let result = "";
  let position = start;
  for (const token of large) {
    result += `${text.slice(position, token.start)}"${mark}${BigInt(text.slice(token.start, token.end))}"`;
    position = token.end;
  }
  return result + text.slice(position, end);
}

/** A minus directly before an integer is part of it in Cedar: the least integer has no positive twin. */
function restored(json: string, mark: string): unknown {
  const negative = new RegExp(`\\{"neg":\\{"arg":\\{"Value":"${mark}(\\d+)"\\}\\}\\}`, "g");
  const positive = new RegExp(`"${mark}(\\d+)"`, "g");
  return parseExactJson(json.replace(negative, '{"Value":-$1}').replace(positive, "$1"));
}
