import type { PatternElement } from "../policy-json.ts";
import type { Choice } from "./choice.ts";
import { CHARACTERS } from "./names.ts";

/** A pattern of `like`: wildcards beside one another, the literal star, halves of letters, nothing at all. */
export function writePattern(choice: Choice): PatternElement[] {
  return choice.many(0, 6, () =>
    choice.chance(45) ? "Wildcard" : { Literal: choice.many(1, 2, () => choice.one(CHARACTERS)).join("") },
  );
}

/** A string that the pattern matches, but for a slip now and then. */
export function writeMatch(choice: Choice, pattern: readonly PatternElement[]): string {
  const filler = (): string => choice.many(0, 3, () => choice.one(CHARACTERS)).join("");
  const kept = choice.chance(30) ? choice.some(pattern, 80) : pattern;
  return kept.map((element) => (element === "Wildcard" ? filler() : element.Literal)).join("");
}
