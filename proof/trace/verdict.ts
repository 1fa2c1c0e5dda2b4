import { stepWords } from "./steps.ts";
import type { Answer, Entry, RefusalEntry, Signature } from "./trace.ts";
import { shown } from "./words.ts";

/** The four verdicts, each with its word, and the colour that terminals show it in. */
const VERDICTS = {
  allow: { word: "ALLOW", colour: 32 },
  "allow-with-conditions": { word: "ALLOW_WITH_CONDITIONS", colour: 36 },
  "require-approval": { word: "REQUIRE_APPROVAL", colour: 33 },
  deny: { word: "DENY", colour: 31 },
} as const;

type Verdict = keyof typeof VERDICTS;

/** How a line ends: the verdict, the rule behind it, and what else there is to say. */
export function verdictOf(entry: Exclude<Entry, { kind: "token" | "step" }>, colour: boolean): string {
  if (entry.kind === "approval") return ended("require-approval", entry.requirements, colour);
  if (entry.kind === "refusal") return ended(entry.verdict, refusedBy(entry), colour);
  const { verdict, policies, right, outcome, planStep } = entry;
  const step = planStep === undefined ? "" : stepWords(planStep);
  const allowed = verdict === "allow-with-conditions" ? verdict : "allow";
  return ended(
    allowed,
    [policies.join(", "), right, step, ...(outcome === "allowed" ? [] : [outcome])],
    colour,
  );
}

/** A delegation was decided as well. */
export const delegatedBy = (policies: readonly string[], colour: boolean): string =>
  ended("allow", [policies.join(", ")], colour);

function refusedBy({ policies, code = "refused", times }: RefusalEntry): string[] {
  return [policies.length > 0 ? policies.join(", ") : code, ...(times > 1 ? [`${times} times`] : [])];
}

function ended(verdict: Verdict, attackerWords: readonly string[], colour: boolean): string {
  const { word, colour: code } = VERDICTS[verdict];
  const painted = colour ? `\u001b[${code}m${word}\u001b[39m` : word;
  return [painted, ...attackerWords.filter((text) => text !== "").map(shown)].join(" · ");
}

/** What is to be said of a signature. */
export function signatureWord({ state, why }: Signature): string {
  if (state === "holds") return "signed ✓";
  const reason = why === undefined ? "" : `: ${shown(why)}`;
  return `${state === "broken" ? "signature does not hold" : "signature not checked"}${reason}`;
}

/** What a person did with a request. */
export const answerWord = ({ decision }: Answer): string => (decision === "approve" ? "approved" : "refused");
