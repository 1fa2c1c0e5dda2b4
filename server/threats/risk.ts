import { hours, minutes, type Strength } from "../lib/index.ts";

/** What can be seen of a running copy of an agent. Times in milliseconds. */
export interface Observations {
  readonly strength: Strength;
  /** How long ago its evidence was last shown. */
  readonly evidenceAge: number;
  /** How often it was refused within the last hour. Being told to wait for a person is no refusal. */
  readonly refusals: number;
  /** How many tools it used for the first time within the last hour, beyond what it has used for longer. */
  readonly newTools: number;
}

/** How risky it is to let the copy act now, 0 to 100, and what that is made of. */
export interface Assessment {
  readonly score: number;
  readonly parts: {
    readonly strength: number;
    readonly evidence_age: number;
    readonly refusals: number;
    readonly new_behaviour: number;
  };
}

const HIGHEST = 100;

/** A credential that anyone can carry away weighs nearly half of everything. */
const STRENGTH_PARTS: Readonly<Record<Strength, number>> = {
  "hardware-bound": 0,
  "attested-svid": 0,
  "platform-federated": 5,
  "enrolled-key": 10,
  "in-process": 20,
  bearer: 35,
  "static-key": 45,
};

/** Evidence says nothing against anyone within the first hour, and the most after a day. */
const FRESH = hours(1);
const OLD = hours(24);
const MOST_FOR_AGE = 25;

/** Four refusals may be a misunderstanding; fifteen are probing. */
const PER_REFUSAL = 3;
const MOST_FOR_REFUSALS = 45;

const PER_NEW_TOOL = 8;
const MOST_FOR_NEW_TOOLS = 24;

/**
 * Risk by fixed rules: a sum of four parts, none of which ever falls when things get worse. It is a measure
 * of caution, not a probability; `docs/risk.md` says what it is good for.
 */
export function assess({ strength, evidenceAge, refusals, newTools }: Observations): Assessment {
  const parts = {
    strength: STRENGTH_PARTS[strength],
    evidence_age: partForAge(evidenceAge),
    refusals: Math.min(refusals * PER_REFUSAL, MOST_FOR_REFUSALS),
    new_behaviour: Math.min(newTools * PER_NEW_TOOL, MOST_FOR_NEW_TOOLS),
  };
  return { score: sumOf(parts), parts };
}

function partForAge(age: number): number {
  const share = (Math.min(age, OLD) - FRESH) / (OLD - FRESH);
  return Math.round(Math.max(share, 0) * MOST_FOR_AGE);
}

/** The same with one more tool that was never used before: the one that is about to be called. */
export function withNewTool(parts: Readonly<Record<string, number>>): Pick<Assessment, "score"> & {
  parts: Record<string, number>;
} {
  const new_behaviour = Math.min((parts.new_behaviour ?? 0) + PER_NEW_TOOL, MOST_FOR_NEW_TOOLS);
  const more = { ...parts, new_behaviour };
  return { score: sumOf(more), parts: more };
}

const sumOf = (parts: Readonly<Record<string, number>>): number =>
  Math.min(
    Object.values(parts).reduce((total, part) => total + part, 0),
    HIGHEST,
  );

/** From here on a part is not only worse than usual but strange. */
const STRANGE = { refusals: 30, new_behaviour: 16 } as const;

export type Anomaly = keyof typeof STRANGE;

/** What is strange about the one that was assessed: the names of those parts. */
export const anomaliesIn = (parts: Readonly<Record<string, number>>): Anomaly[] =>
  (["new_behaviour", "refusals"] as const).filter((name) => (parts[name] ?? 0) >= STRANGE[name]);

/** What people speak of: below 40, below 80, and above. */
export type Band = "low" | "raised" | "high";

export const bandOf = (score: number): Band => (score < 40 ? "low" : score <= 80 ? "raised" : "high");

/** How long the observations of refusals and of new tools reach back. */
export const LOOKING_BACK = hours(1);

/** An agent younger than this has no habits yet: everything it does is new, and says nothing. */
export const SETTLING = hours(24);

/** How long an assessment is good enough to decide by. Beyond it is made anew. */
export const GOOD_FOR = minutes(1);
