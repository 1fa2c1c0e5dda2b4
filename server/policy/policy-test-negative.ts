import type { CedarSchema } from "../catalog/index.ts";
import type { Policy, PolicyFile, PolicySet, Problem } from "./policy.ts";

/** What a test has shown: which actions were asked for, and whether nothing was let through. */
export interface Shown {
  /** The action and what it is a member of; none that the catalog does not know. */
  readonly actions: readonly string[];
  readonly stopped: boolean;
}

/** Labels of tools that do something to the world. */
const SIDE_EFFECTS: ReadonlySet<string> = new Set(["write", "destructive", "external"]);

/**
 * Permits on actions with side effects whose own file has no test that shows where they end: one in which such
 * an action is denied, or waits for people. A permit that is only ever tested by what it lets through may let
 * everything through.
 * @param schemas that say which tools have side effects: the tests' own, and the catalog's
 */
export function lackingNegatives(
  file: PolicyFile,
  set: PolicySet,
  schemas: readonly CedarSchema[],
  shown: readonly Shown[],
): Problem[] {
  return [...set.policies.values()]
    .filter((policy) => policy.effect === "permit" && policy.file === `${file.name}.cedar`)
    .filter((permit) => schemas.some((schema) => reachesSideEffects(permit, schema)))
    .filter((permit) => !shown.some(({ actions, stopped }) => stopped && isFor(permit, actions)))
    .map(lackingNegative);
}

const isFor = (permit: Policy, actions: readonly string[]): boolean =>
  actions.length > 0 && (permit.actions === "any" || permit.actions.some((name) => actions.includes(name)));

function reachesSideEffects({ actions }: Policy, { "": { actions: known } }: CedarSchema): boolean {
  if (actions === "any") return true;
  return actions.some((name) => {
    const groups = Object.hasOwn(known, name) ? (known[name]?.memberOf ?? []) : [];
    return name === "call" || [name, ...groups.map(({ id }) => id)].some((each) => SIDE_EFFECTS.has(each));
  });
}

const lackingNegative = ({ id, file, line, column }: Policy): Problem => ({
  severity: "error",
  file,
  policy: id,
  line,
  column,
  message: `This permit reaches side effects and needs a test in ${file.replace(/cedar$/, "test.yaml")} that shows where it ends: one of its actions with verdict deny or require-approval.`,
});
