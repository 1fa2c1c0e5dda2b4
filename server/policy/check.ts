import { validate } from "@cedar-policy/cedar-wasm/nodejs";
import { type CedarSchema, LABELS, withSettings } from "../catalog/index.ts";
import type { Policy, PolicyFile, Problem } from "./policy.ts";
import { runPolicyTests } from "./policy-test-run.ts";
import { type ReadFile, readPolicies } from "./read-policies.ts";
import { readSettings } from "./settings.ts";
import { at, within } from "./source.ts";

type Schema = Parameters<typeof validate>[0]["schema"];

/**
 * Everything that stands in the way of activating these policies as one set: what Cedar's strict validator
 * finds against the catalog's schema, ids that are not unique, annotations that say nothing or too much, settings
 * that cannot be read, and the tests beside the policies, which run only where all else is right.
 * @returns problems in the order of files; the set may be activated when none is an error
 */
export function checkAgainst(files: readonly PolicyFile[], schema: CedarSchema): Problem[] {
  const problems = validateAgainst(files, schema);
  if (isRefused(problems)) return problems;
  return [...problems, ...bounded(files[0]?.name ?? "", () => runPolicyTests(files, schema))];
}

/** `checkAgainst` without the tests, which bring tools of their own: what a change of the catalog can break. */
export function validateAgainst(files: readonly PolicyFile[], schema: CedarSchema): Problem[] {
  const read = files.map((file) => [file, readPolicies(file)] as const);
  const settings = readSettings(files);
  const whole = withSettings(schema, settings.types);
  return [
    ...sharedNames(files),
    ...settings.problems,
    ...read.flatMap(([file, { policies, problems: formal }]) => [
      ...formal,
      ...bounded(file.name, () => validated(file, policies, whole)),
    ]),
    ...sharedIds(read),
  ];
}

/** What is written too deep for this machine's stack is wrong with the file, not with us. */
function bounded(name: string, find: () => Problem[]): Problem[] {
  try {
    return find();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return [at({ file: `${name}.cedar`, text: "", offset: 0 }, "A policy nests deeper than can be checked.")];
  }
}

/** Whether any of these problems forbids activation. */
export const isRefused = (problems: readonly Problem[]): boolean =>
  problems.some(({ severity }) => severity === "error");

function validated(file: PolicyFile, policies: readonly Policy[], schema: CedarSchema): Problem[] {
  const staticPolicies = Object.fromEntries(policies.map(({ id, text }) => [id, text]));
  const answer = validate({
    validationSettings: { mode: "strict" },
    schema: schema as unknown as Schema,
    policies: { staticPolicies },
  });
  const whole = { file: `${file.name}.cedar`, text: file.text, offset: 0 };
  if (answer.type === "failure") return answer.errors.map((error) => within(whole, error));
  const placeOf = (id: string) => ({ ...whole, offset: file.text.indexOf(staticPolicies[id] ?? "") });
  const wrong = new Set(answer.validationErrors.map(({ policyId }) => policyId));
  const warned = new Set(policies.filter((policy) => awaitsTools(policy, schema)).map(({ id }) => id));
  return [
    ...answer.validationErrors.map(({ policyId, error }) => within(placeOf(policyId), error, policyId)),
    ...answer.validationWarnings
      .filter(({ policyId }) => !wrong.has(policyId) && isNew(policyId, warned))
      .map(({ policyId, error }) => within(placeOf(policyId), error, policyId, "warning")),
  ];
}

/** One warning for a policy is enough: that it can never hold is said in several ways. */
function isNew(id: string, seen: Set<string>): boolean {
  const before = seen.has(id);
  seen.add(id);
  return !before;
}

/** Whether a policy speaks of labels alone that no pinned tool bears yet: it can hold as soon as one does. */
function awaitsTools({ actions }: Policy, { "": { actions: known } }: CedarSchema): boolean {
  if (actions === "any") return false;
  const borne = new Set(Object.values(known).flatMap(({ memberOf = [] }) => memberOf.map(({ id }) => id)));
  return actions.every((name) => GROUPS.has(name) && !borne.has(name));
}

const GROUPS: ReadonlySet<string> = new Set(["call", ...LABELS]);

function sharedIds(read: readonly (readonly [PolicyFile, ReadFile])[]): Problem[] {
  const seen = new Map<string, string>();
  return read.flatMap(([file, { policies }]) =>
    policies.flatMap(({ id, text }) => {
      const earlier = seen.get(id);
      seen.set(id, `${file.name}.cedar`);
      const place = { file: `${file.name}.cedar`, text: file.text, offset: file.text.lastIndexOf(text) };
      return earlier === undefined ? [] : [at(place, `The id ${id} is taken by a policy in ${earlier}.`, id)];
    }),
  );
}

function sharedNames(files: readonly PolicyFile[]): Problem[] {
  const names = files.map(({ name }) => name);
  const twice = files.filter(({ name }, index) => names.indexOf(name) !== index);
  return twice.map(({ name }) =>
    at({ file: `${name}.cedar`, text: "", offset: 0 }, `Two files are named ${name}.`),
  );
}
