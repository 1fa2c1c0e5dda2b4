import { validate } from "@cedar-policy/cedar-wasm/nodejs";
import { type CatalogDeps, type CedarSchema, cedarSchema } from "../catalog/index.ts";
import type { Policy, PolicyFile, Problem } from "./policy.ts";
import { runPolicyTests } from "./policy-test.ts";
import { type ReadFile, readPolicies } from "./read-policies.ts";
import { at, within } from "./source.ts";

type Schema = Parameters<typeof validate>[0]["schema"];

/**
 * Everything that stands in the way of activating these policies as one set: what Cedar's strict validator
 * finds against the catalog as it is, ids that are not unique, annotations that say nothing or too much, and
 * the tests beside the policies.
 * @returns problems in the order of files; the set may be activated when none is an error
 */
export async function checkPolicies(deps: CatalogDeps, files: readonly PolicyFile[]): Promise<Problem[]> {
  const { schema } = await cedarSchema(deps);
  return checkAgainst(files, schema);
}

/** `checkPolicies` against a schema at hand. Tests run only on policies that are otherwise right. */
export function checkAgainst(files: readonly PolicyFile[], schema: CedarSchema): Problem[] {
  const read = files.map((file) => [file, readPolicies(file)] as const);
  const problems = [
    ...sharedNames(files),
    ...read.flatMap(([file, { policies, problems: formal }]) => [
      ...formal,
      ...validated(file, policies, schema),
    ]),
    ...sharedIds(read),
  ];
  return isRefused(problems) ? problems : [...problems, ...runPolicyTests(files)];
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
  return [
    ...answer.validationErrors.map(({ policyId, error }) => within(placeOf(policyId), error, policyId)),
    ...answer.validationWarnings.map(({ policyId, error }) =>
      within(placeOf(policyId), error, policyId, "warning"),
    ),
  ];
}

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
