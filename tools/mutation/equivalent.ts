import type { Mutant } from "./mutants.ts";

/** A mistake that is none: the program answers the same with it, only slower or in other words. */
interface Equivalent {
  readonly file: string;
  /** The function that it stands in. */
  readonly within: string;
  /** How the line begins with the mistake in it. */
  readonly becomes: string;
  readonly because: string;
}

const small = "small numbers then go the way of large ones, to the same result";
const arity = "the number of arguments was looked at before";

const EQUIVALENT: readonly Equivalent[] = [
  { file: "operators/arithmetic.ts", within: "add", becomes: "if (false)", because: small },
  { file: "operators/arithmetic.ts", within: "subtract", becomes: "if (false)", because: small },
  { file: "operators/arithmetic.ts", within: "multiply", becomes: "if (false)", because: small },
  { file: "operators/compare.ts", within: "less", becomes: "if (false)", because: small },
  { file: "operators/compare.ts", within: "lessOrEqual", becomes: "if (false)", because: small },
  {
    file: "operators/compare.ts",
    within: "equals",
    becomes: "if (false) return false;",
    because: "what is no object is of none of the classes asked for below",
  },
  {
    file: "operators/compare.ts",
    within: "equals",
    becomes: 'if (typeof one !== "object" && typeof other !== "object")',
    because: "what is no object is of none of the classes asked for below",
  },
  {
    file: "operators/compare.ts",
    within: "sameMembers",
    becomes: "if (theirs === undefined && ours === undefined",
    because: "what is missing on one side equals nothing on the other",
  },
  { file: "operators/extension-call.ts", within: "present", becomes: "if (true)", because: arity },
  { file: "operators/extension-call.ts", within: "present", becomes: ";", because: arity },
  {
    file: "operators/extension-call.ts",
    within: "extensionFunction",
    becomes: "if (true)",
    because: "the compiler refuses functions that there are not",
  },
  {
    file: "operators/extension-call.ts",
    within: "extensionFunction",
    becomes: ";",
    because: "the compiler refuses functions that there are not",
  },
];

const names = ({ file, within, becomes }: Equivalent, mutant: Mutant): boolean =>
  file === mutant.file && mutant.becomes.startsWith(becomes) && functionOf(mutant) === within;

/** The last function that begins before the mistake. */
function functionOf({ original, line }: Mutant): string | undefined {
  const before = original.split("\n").slice(0, line).join("\n");
  return [...before.matchAll(/^(?:export )?function\*? (\w+)/gm)].at(-1)?.[1];
}

export const isEquivalent = (mutant: Mutant): boolean => EQUIVALENT.some((each) => names(each, mutant));

/** Entries that name no mistake any more: the code has changed, and they have to go. */
export const unusedEquivalents = (mutants: readonly Mutant[]): string[] =>
  EQUIVALENT.filter((each) => !mutants.some((mutant) => names(each, mutant))).map(
    ({ file, becomes }) => `${file}: ${becomes}`,
  );
