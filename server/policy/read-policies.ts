import { type PolicyJson, policySetTextToParts, policyToJson } from "@cedar-policy/cedar-wasm/nodejs";
import { sha256Base64url } from "@countersign/proof/digest";
import { Fault, type Obligation } from "../lib/index.ts";
import { argumentsRead } from "./arguments-read.ts";
import type { Policy, PolicyFile, Problem } from "./policy.ts";
import { parseRequirement, requirementText } from "./requirement.ts";
import { at, type Place, within } from "./source.ts";
import { BUILT_IN_REASONS } from "./verdict.ts";

const OBLIGATIONS = ["mask", "return", "log", "limit", "notify"] as const;

/** A misspelled annotation would be an obligation that nobody honours, so unknown ones refuse. */
const ANNOTATIONS: ReadonlySet<string> = new Set(["id", "reason", "lift", ...OBLIGATIONS]);

const POLICY_ID = /^[a-z0-9][a-z0-9-]{0,79}$/;
const LONGEST_REASON = 500;

export interface ReadFile {
  readonly policies: readonly Policy[];
  readonly problems: readonly Problem[];
}

/** Reads a file's policies with their annotations. A file with any problem of form gives no policies. */
export function readPolicies(file: PolicyFile): ReadFile {
  const whole: Place = { file: `${file.name}.cedar`, text: file.text, offset: 0 };
  const parts = policySetTextToParts(file.text);
  if (parts.type === "failure")
    return { policies: [], problems: parts.errors.map((error) => within(whole, error)) };
  const template = parts.policy_templates[0];
  if (template !== undefined)
    return failed(at(placeOf(file, template), "Templates cannot be used: name no slots."));
  const read = parts.policies.map((text) => readPolicy(placeOf(file, text), text));
  const problems = read.flatMap((one) => one.problems);
  return { policies: problems.length === 0 ? read.flatMap((one) => one.policies) : [], problems };
}

const failed = (...problems: Problem[]): ReadFile => ({ policies: [], problems });

/** Where a policy starts within its file: its parts are the file's own characters. */
const placeOf = (file: PolicyFile, part: string): Place => ({
  file: `${file.name}.cedar`,
  text: file.text,
  offset: Math.max(file.text.indexOf(part), 0),
});

function readPolicy(place: Place, text: string): ReadFile {
  const parsed = policyToJson(text);
  if (parsed.type === "failure") return failed(...parsed.errors.map((error) => within(place, error)));
  const { json } = parsed;
  const annotations = annotationsOf(json);
  const complaints = complaintsAbout(json, annotations);
  const id = annotations.id ?? "";
  if (complaints.length > 0) return failed(...complaints.map((message) => at(place, message, id)));
  return { policies: [policyOf(text, json, annotations)], problems: [] };
}

type Annotations = Partial<Record<string, string>>;

/** An annotation without a value, such as `@mask`, is declared to be text and is null. */
function annotationsOf({ annotations = {} }: PolicyJson): Annotations {
  const given = Object.entries(annotations as Record<string, string | null>);
  return Object.fromEntries(given.map(([name, value]) => [name, value ?? ""]));
}

function complaintsAbout(json: PolicyJson, annotations: Annotations): string[] {
  const { id, reason, lift } = annotations;
  const complaints: string[] = [];
  const duties = OBLIGATIONS.filter((kind) => Object.hasOwn(annotations, kind));
  const unknown = Object.keys(annotations).filter((name) => !ANNOTATIONS.has(name));
  if (id === undefined || !POLICY_ID.test(id)) complaints.push('Needs @id("…"), of a-z, 0-9 and -.');
  else if (Object.hasOwn(BUILT_IN_REASONS, id))
    complaints.push(`The id ${id} is the name of a built-in reason.`);
  if (!isReason(reason))
    complaints.push(`Needs @reason("…"): one sentence, at most ${LONGEST_REASON} characters.`);
  if (unknown.length > 0) complaints.push(`Unknown annotation @${unknown.join(", @")}.`);
  if (lift !== undefined && json.effect === "permit")
    complaints.push("@lift stands on a forbid, never on a permit.");
  if (lift !== undefined) complaints.push(...complaintAboutRequirement(lift));
  if (duties.length > 0 && json.effect === "forbid")
    complaints.push(`@${duties.join(", @")} stands on a permit.`);
  if (duties.some((kind) => annotations[kind] === "")) complaints.push("An obligation needs a value.");
  return complaints;
}

const isReason = (reason: string | undefined): boolean =>
  reason !== undefined && reason.trim() !== "" && reason.length <= LONGEST_REASON;

function complaintAboutRequirement(lift: string): string[] {
  try {
    return requirementText(parseRequirement(lift)) === lift
      ? []
      : [`Write it as ${lift.replace("(0", "(")}.`];
  } catch (error) {
    if (error instanceof Fault) return [`${error.message} ${error.remedy ?? ""}`.trim()];
    throw error;
  }
}

function policyOf(text: string, json: PolicyJson, annotations: Annotations): Policy {
  const { id = "", reason = "", lift } = annotations;
  return {
    id,
    // Of the text: in the JSON form two large integers may look the same.
    hash: sha256Base64url(text),
    text,
    effect: json.effect,
    reason,
    ...(lift === undefined ? {} : { lift }),
    obligations: obligationsOf(id, annotations),
    actions: actionsOf(json.action),
    argumentsRead: argumentsRead(json.conditions),
  };
}

const obligationsOf = (policy: string, annotations: Annotations): Obligation[] =>
  OBLIGATIONS.flatMap((kind) => {
    const value = annotations[kind];
    return value === undefined ? [] : [{ kind, value, policy }];
  });

function actionsOf(scope: PolicyJson["action"]): readonly string[] | "any" {
  if (scope.op === "All") return "any";
  const named = "entities" in scope ? scope.entities : "entity" in scope ? [scope.entity] : [];
  return named.map((entity) => ("__entity" in entity ? entity.__entity.id : entity.id));
}
