import { codeOf } from "./code.ts";

/** One mistake that somebody could make, in one place of one file. */
export interface Mutant {
  readonly file: string;
  /** Counted from one. */
  readonly line: number;
  /** The line with the mistake in it, to be read by a person. */
  readonly becomes: string;
  /** The whole file with the mistake in it, and as it is. */
  readonly text: string;
  readonly original: string;
}

/** What one place of a file could be replaced by. */
interface Change {
  readonly at: number;
  readonly length: number;
  readonly by: string;
}

/** Every mistake of the kinds below that a file has room for. */
export function mutantsOf(file: string, text: string): Mutant[] {
  const code = codeOf(text);
  const changes = [...exchanges(code), ...conditions(code), ...omissions(code)];
  return changes.sort((one, other) => one.at - other.at).map((change) => mutant(file, text, change));
}

function mutant(file: string, text: string, { at, length, by }: Change): Mutant {
  const mutated = text.slice(0, at) + by + text.slice(at + length);
  const line = text.slice(0, at).split("\n").length;
  return { file, line, becomes: mutated.split("\n")[line - 1]?.trim() ?? "", text: mutated, original: text };
}

/** One operator or literal for another: the comparison turned round, and-or, one too many, the wrong sign. */
const EXCHANGES: readonly (readonly [pattern: RegExp, ...replacements: string[]])[] = [
  [/ === /g, " !== "],
  [/ !== /g, " === "],
  [/ < /g, " <= ", " > "],
  [/ <= /g, " < ", " > "],
  [/ > /g, " >= ", " < "],
  [/ >= /g, " > ", " < "],
  [/ && /g, " || "],
  [/ \|\| /g, " && "],
  [/ \+ /g, " - "],
  [/ - /g, " + "],
  [/ \* /g, " + "],
  [/ \/ /g, " * "],
  [/ % /g, " * "],
  [/\+\+/g, "--"],
  [/ \+= /g, " -= "],
  [/(?<!\w)!(?=[\w(])/g, ""],
  [/(?<![\w:|] )\btrue\b(?!:)/g, "false"],
  [/(?<![\w:|] )\bfalse\b(?!:)/g, "true"],
  [/\.some\(/g, ".every("],
  [/\.every\(/g, ".some("],
  [/(?<![\w.#])\d[\d_]*\b(?!n)/g, "$+1"],
  [/(?<![\w.#])\d[\d_]*n\b/g, "$+1"],
];

function exchanges(code: string): Change[] {
  return EXCHANGES.flatMap(([pattern, ...replacements]) =>
    [...code.matchAll(pattern)].flatMap(({ index: at, 0: found }) =>
      replacements.map((by) => ({ at, length: found.length, by: by === "$+1" ? oneMore(found) : by })),
    ),
  );
}

function oneMore(literal: string): string {
  const digits = literal.replaceAll(/[_n]/g, "");
  return `${BigInt(digits) + 1n}${literal.endsWith("n") ? "n" : ""}`;
}

/** A question that is always answered the same. */
function conditions(code: string): Change[] {
  return [...code.matchAll(/\bif \(/g)].flatMap(({ index }) => {
    const at = index + "if (".length;
    const length = closing(code, at) - at;
    return ["true", "false"].map((by) => ({ at, length, by }));
  });
}

/** Where the parenthesis closes that opened before `start`. */
function closing(code: string, start: number): number {
  let depth = 1;
  for (let at = start; at < code.length; at++) {
    if (code[at] === "(") depth++;
    if (code[at] === ")" && --depth === 0) return at;
  }
  throw new SyntaxError("a parenthesis is not closed");
}

/** A refusal, a step or an addition that was forgotten. */
function omissions(code: string): Change[] {
  return [
    ...code.matchAll(/(?<=^\s*|\) |else |: )(?:throw [^;{}]*;|continue;|break;|this\.[\w.]+\([^;{}]*\);)/gm),
  ]
    .filter(({ 0: found }) => found.trim().length > 0)
    .map(({ index: at, 0: found }) => ({ at, length: found.length, by: ";" }));
}
