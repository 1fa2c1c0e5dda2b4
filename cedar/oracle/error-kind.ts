import type { EvaluationErrorKind } from "../error.ts";

const KINDS: readonly (readonly [RegExp, EvaluationErrorKind])[] = [
  [/^entity `[\s\S]*` does not exist$/, "entity-does-not-exist"],
  [/does not have the attribute/, "attribute-does-not-exist"],
  [/does not have the tag/, "tag-does-not-exist"],
  [/^type error: /, "type"],
  [/^integer overflow/, "overflow"],
  [/^error while evaluating `\w+` extension function/, "extension"],
  [/^wrong number of arguments/, "arguments"],
  [/recursion limit/, "recursion"],
];

/** Which kind of evaluation error the oracle's words tell of. @throws Error for words that it never used before */
export function errorKind(message: string): EvaluationErrorKind {
  const known = KINDS.find(([words]) => words.test(message));
  if (known === undefined) throw new Error(`The oracle has a new kind of error: ${message}`);
  return known[1];
}
