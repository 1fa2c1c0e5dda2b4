import type { PolicyJson } from "@countersign/cedar";
import { parsePolicies, type Problem as Unparsed } from "@countersign/cedar/parse";
import { sha256Base64url } from "@countersign/proof/digest";
import { Fault, type Obligation } from "../lib/index.ts";
import { contextRead } from "./context-read.ts";
import type { Policy, PolicyFile, Problem } from "./policy.ts";
import { parseRequirement, requirementText } from "./requirement.ts";
import { at, type Place, positionOf } from "./source.ts";
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

/**
 * What the latest files came to: whoever checks policies reads them again to make them ready, and most files of
 * the next set are those of the last one. Only a shortcut, and bounded.
 */
const latest = new Map<string, { readonly text: string; readonly read: ReadFile }>();
const MOST_REMEMBERED = 300;

/** Reads a file's policies with their annotations. A file with any problem of form gives no policies. */
export function readPolicies(file: PolicyFile): ReadFile {
  const { name, text } = file;
  const known = latest.get(name);
  if (known?.text === text) return known.read;
  const read = readDeep(file);
  latest.delete(name);
  latest.set(name, { text, read });
  const [oldest] = latest.keys();
  if (latest.size > MOST_REMEMBERED && oldest !== undefined) latest.delete(oldest);
  return read;
}

/** What is written too deep for this machine's stack is wrong with the file, not with us. */
function readDeep(file: PolicyFile): ReadFile {
  try {
    return readFile(file);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const whole = { file: `${file.name}.cedar`, text: file.text, offset: 0 };
    return failed(at(whole, "A policy nests deeper than can be read."));
  }
}

function readFile({ name, text }: PolicyFile): ReadFile {
  const placeAt = (offset: number): Place => ({ file: `${name}.cedar`, text, offset });
  const { source, places, problems: unparsed } = { places: NO_PLACES, ...parsePolicies(text) };
  if (source === undefined) return failed(...unparsed.map((one) => at(placeAt(one.start), sentence(one))));
  const [template] = Object.keys(source.templates ?? {});
  if (template !== undefined)
    return failed(at(placeAt(places.get(template)?.start ?? 0), "Templates cannot be used: name no slots."));
  const read = Object.entries(source.policies).map(([key, json]) => {
    const { start = 0, end = 0 } = places.get(key) ?? {};
    return readPolicy(placeAt(start), text.slice(start, end), json);
  });
  const problems = read.flatMap((one) => one.problems);
  return { policies: problems.length === 0 ? read.flatMap((one) => one.policies) : [], problems };
}

const NO_PLACES: ReadonlyMap<string, { start: number; end: number }> = new Map();

const failed = (...problems: Problem[]): ReadFile => ({ policies: [], problems });

const sentence = ({ message, help }: Unparsed): string =>
  help === undefined ? message : `${message} (${help})`;

function readPolicy(place: Place, text: string, json: PolicyJson): ReadFile {
  const annotations = annotationsOf(json);
  const complaints = complaintsAbout(json, annotations);
  const id = annotations.id ?? "";
  if (complaints.length > 0) return failed(...complaints.map((message) => at(place, message, id)));
  return { policies: [policyOf(place, text, json, annotations)], problems: [] };
}

type Annotations = Partial<Record<string, string>>;

/** An annotation without a value, such as `@mask`, is declared to be text and is null. */
function annotationsOf({ annotations = {} }: PolicyJson): Annotations {
  return Object.fromEntries(Object.entries(annotations).map(([name, value]) => [name, value ?? ""]));
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

function policyOf(place: Place, text: string, json: PolicyJson, annotations: Annotations): Policy {
  const { id = "", reason = "", lift } = annotations;
  const { file, line, column } = positionOf(place);
  return {
    id,
    hash: sha256Base64url(text), // with the settings that it reads once the set is known: `contentHash`
    text,
    effect: json.effect,
    reason,
    ...(lift === undefined ? {} : { lift }),
    obligations: obligationsOf(id, annotations),
    actions: actionsOf(json.action),
    reads: contextRead(json.conditions),
    json,
    file,
    line,
    column,
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
