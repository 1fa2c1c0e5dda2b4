/**
 * Which characters of a TypeScript file are code that does something. Mutations of comments, texts, types and
 * imports change nothing, so they would only be counted.
 */
export function codeOf(text: string): string {
  return [COMMENT_OR_TEXT, IMPORT, INTERFACE, TYPE_ALIAS].reduce(
    (masked, pattern) => masked.replace(pattern, (hidden) => hidden.replace(/[^\n]/g, " ")),
    text,
  );
}

/** Comments, texts, templates, and regular expressions where a value is expected. */
const COMMENT_OR_TEXT =
  /\/\*[\s\S]*?\*\/|\/\/.*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|(?<=[=(,:?!&|]\s?|return )\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/g;
const IMPORT = /^(?:import|export)\s[^;]*?\sfrom\s*;?|^import\s*;?/gm;
const INTERFACE = /^(?:export )?(?:declare )?interface [\s\S]*?^\}/gm;
const TYPE_ALIAS = /^(?:export )?type [^;]*;/gm;
