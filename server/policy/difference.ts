import type { Verdict } from "./verdict.ts";

/** What another set would have come to, beside what was decided. */
export const DIFFERENCES = ["newly refused", "newly allowed", "newly asked"] as const;
export type Difference = (typeof DIFFERENCES)[number];

/** Conditions are still an allow, so only what happens to the asker counts as a difference. */
export function differenceOf(before: Verdict, after: Verdict): Difference | "unchanged" {
  const [was, is] = [outcomeOf(before), outcomeOf(after)];
  return was === is ? "unchanged" : is;
}

const OUTCOMES: Readonly<Record<Verdict["verdict"], Difference>> = {
  allow: "newly allowed",
  "allow-with-conditions": "newly allowed",
  deny: "newly refused",
  "require-approval": "newly asked",
};

const outcomeOf = ({ verdict }: Verdict): Difference => OUTCOMES[verdict];

/** The policies, or built-in reasons, that a verdict rests on; sorted, each once. */
export function determining(verdict: Verdict): string[] {
  const ids =
    "reasons" in verdict
      ? verdict.reasons.map(({ policy }) => policy)
      : [...verdict.permits, ...verdict.lifted].map(({ id }) => id);
  return [...new Set(ids)].sort();
}
