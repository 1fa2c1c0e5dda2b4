import type { PersonId } from "../lib/index.ts";
import { type CedarRequest, cedarRequest } from "./cedar-request.ts";
import { explain, requirementInWords } from "./explain.ts";
import { applicable } from "./facts-read.ts";
import type { Policy, PolicySet } from "./policy.ts";
import type { Question } from "./question.ts";
import { parseRequirement } from "./requirement.ts";
import { type ValueRead, valuesRead } from "./values-read.ts";
import type { Reason, Verdict } from "./verdict.ts";

/** What a policy had to do with a verdict. `silent`: a permit for such an action that did not hold. */
export type Part = "permits" | "forbids" | "was lifted" | "could not be evaluated" | "silent";

export interface ExplainedPolicy {
  readonly id: string;
  readonly effect: "permit" | "forbid";
  readonly part: Part;
  readonly reason: string;
  readonly file: string;
  readonly line: number;
  readonly text: string;
  readonly read: readonly ValueRead[];
  /** For a forbid that people can lift: what it takes. */
  readonly lift?: string;
}

/** A yes that would lift what forbids. */
export interface Remedy {
  readonly requirement: string;
  /** Such as "the manager of the person behind the task". */
  readonly words: string;
  /** Whose yes counts, where it is one person's that the question knows. */
  readonly person?: PersonId;
  readonly group?: string;
  /** The forbids that it lifts. */
  readonly policies: readonly string[];
  /** Whether it is still missing. */
  readonly missing: boolean;
}

/** Why a verdict is what it is. Values in it may be the agent's own words, shortened and written out. */
export interface Explanation {
  readonly verdict: Verdict["verdict"];
  readonly policyVersion: string;
  readonly sentence: string;
  /** Policies that decided; where nothing permitted, the permits that might have. */
  readonly policies: readonly ExplainedPolicy[];
  /** Reasons that no policy gives. */
  readonly builtIn: readonly Reason[];
  /** What people could still do, or have done; none lifts a forbid without `@lift` or a built-in reason. */
  readonly remedies: readonly Remedy[];
  readonly obligations: readonly string[];
}

/** Permits of a large set that might have held: enough to see what is wrong. */
const MOST_SILENT = 10;

/**
 * Explains a verdict. Pure, and made from the very question that was decided.
 * @param set by which it was decided
 */
export function explainDecision(question: Question, set: PolicySet, verdict: Verdict): Explanation {
  const asked = requestOf(question, set);
  const parts = [...partsOf(verdict), ...silentPermits(verdict, set, asked)];
  const reasons = "reasons" in verdict ? verdict.reasons : [];
  return {
    verdict: verdict.verdict,
    policyVersion: verdict.policyVersion,
    sentence: explain(verdict),
    policies: parts.flatMap(([id, part]) => explained(set.policies.get(id), part, asked)),
    builtIn: reasons.filter(({ policy }) => !set.policies.has(policy)),
    remedies: remediesFor(question, set, verdict),
    obligations:
      "obligations" in verdict ? verdict.obligations.map(({ kind, value }) => `${kind}: ${value}`) : [],
  };
}

/** A question that cannot be put to policies was denied for that. */
function requestOf(question: Question, set: PolicySet): CedarRequest | undefined {
  try {
    return cedarRequest(question, set.schema, set.settings);
  } catch {
    return undefined;
  }
}

type Parts = [id: string, part: Part][];

function partsOf(verdict: Verdict): Parts {
  const erring = verdict.alarms.map(({ policy }) => policy);
  const broken: Parts = erring.map((id) => [id, "could not be evaluated"]);
  if ("lifted" in verdict)
    return [
      ...permitting(verdict),
      ...verdict.lifted.map(({ id }): Parts[number] => [id, "was lifted"]),
      ...broken,
    ];
  const forbidding = verdict.reasons.filter(({ policy }) => !erring.includes(policy));
  const forbids = forbidding.map(({ policy }): Parts[number] => [policy, "forbids"]);
  return verdict.verdict === "deny"
    ? [...forbids, ...broken]
    : [...forbids, ...permitting(verdict), ...broken];
}

const permitting = ({ permits }: { permits: readonly { id: string }[] }): Parts =>
  permits.map(({ id }) => [id, "permits"]);

function silentPermits(verdict: Verdict, { policies }: PolicySet, asked: CedarRequest | undefined): Parts {
  const unpermitted =
    verdict.verdict === "deny" && verdict.reasons.some(({ policy }) => policy === "no-permit");
  if (!unpermitted || asked === undefined) return [];
  const erring = verdict.alarms.map(({ policy }) => policy);
  return applicable(policies.values(), asked.actions)
    .filter(({ id, effect }) => effect === "permit" && !erring.includes(id))
    .slice(0, MOST_SILENT)
    .map(({ id }) => [id, "silent"]);
}

function explained(
  policy: Policy | undefined,
  part: Part,
  asked: CedarRequest | undefined,
): ExplainedPolicy[] {
  if (policy === undefined) return [];
  const { id, effect, reason, file, line, text, lift } = policy;
  const read = asked === undefined ? [] : valuesRead(policy, asked.request);
  return [{ id, effect, part, reason, file, line, text, read, ...(lift === undefined ? {} : { lift }) }];
}

function remediesFor(question: Question, { policies }: PolicySet, verdict: Verdict): Remedy[] {
  const missing = verdict.verdict === "require-approval" ? verdict.missing : [];
  const forbids =
    "lifted" in verdict ? verdict.lifted.map(({ id }) => id) : verdict.reasons.map(({ policy }) => policy);
  const byRequirement = new Map<string, string[]>();
  for (const id of forbids) {
    const lift = policies.get(id)?.lift;
    if (lift !== undefined) byRequirement.set(lift, [...(byRequirement.get(lift) ?? []), id]);
  }
  return [...byRequirement].sort().map(([requirement, lifts]) => ({
    requirement,
    words: requirementInWords(requirement),
    ...whoseYes(requirement, question),
    policies: lifts,
    missing: verdict.verdict === "deny" || missing.includes(requirement),
  }));
}

function whoseYes(text: string, { person }: Question): Pick<Remedy, "person" | "group"> {
  const requirement = parseRequirement(text);
  if (requirement.kind === "approval") return { group: requirement.group };
  if (requirement.kind === "mfa") return person === undefined ? {} : { person: person.id };
  if (requirement.kind === "manager") return person?.manager === undefined ? {} : { person: person.manager };
  return {};
}

/** The explanation as text for a terminal or a log of one's own: one line for each thing. */
export function explanationText(explanation: Explanation): string {
  const { verdict, policies, builtIn, remedies, obligations } = explanation;
  return [
    HEADLINES[verdict],
    ...builtIn.map(({ policy, reason }) => `  ${reason} (${policy})`),
    ...policies.flatMap(linesOf),
    ...obligations.map((obligation) => `  on condition: ${obligation}`),
    ...remediesText(explanation, remedies),
  ].join("\n");
}

const HEADLINES: Record<Verdict["verdict"], string> = {
  allow: "Allowed.",
  "allow-with-conditions": "Allowed, on conditions.",
  "require-approval": "People must say yes first.",
  deny: "Denied.",
};

function linesOf({ id, file, line, part, reason, read }: ExplainedPolicy): string[] {
  const what = part === "silent" ? "would permit, but does not hold" : part;
  return [
    `  ${id} (${file}:${line}) ${what}: ${reason}`,
    ...read.map(({ path, value }) => `    ${path} ${value === undefined ? "is not there" : `= ${value}`}`),
  ];
}

function remediesText({ verdict, policies, builtIn }: Explanation, remedies: readonly Remedy[]): string[] {
  const lines = remedies.map(({ words, person, policies: lifts, missing }) => {
    const who = person === undefined ? words : `${words} (${person})`;
    return `  ${missing ? "can be lifted by" : "was lifted by"} ${who}: ${lifts.join(", ")}`;
  });
  const stands =
    builtIn.length > 0 || policies.some(({ part, lift }) => part === "forbids" && lift === undefined);
  return verdict === "deny" && stands ? [...lines, "  nobody's yes lifts the rest"] : lines;
}
