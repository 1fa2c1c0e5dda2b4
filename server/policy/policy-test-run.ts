import { type CedarSchema, cedarSchemaOf } from "../catalog/index.ts";
import { decide } from "./decide.ts";
import { exampleTool } from "./example-tool.ts";
import type { PolicyFile, PolicySet, Problem } from "./policy.ts";
import { buildSet, type ReadSet, readSet, withSchema } from "./policy-set.ts";
import {
  type Expectation,
  type GivenTools,
  type PolicyTest,
  readTests,
  type TestStep,
} from "./policy-test.ts";
import { lackingNegatives, type Shown } from "./policy-test-negative.ts";
import { exampleReceipts } from "./policy-test-receipts.ts";
import { NEW_WORLD, questionIn, worldAfter } from "./policy-test-scenario.ts";
import type { Question } from "./question.ts";
import type { Verdict } from "./verdict.ts";

/**
 * Runs the tests beside the policies, each against the whole set: what one file promises must hold whatever
 * the others add. Tests bring their own tools, so they say the same in every installation.
 * @param files that can be read
 * @param schema of the catalog: a permit on what has side effects there, too, needs a test
 * @returns one problem per broken promise, where the test stands, and one per permit that lacks a test
 */
export function runPolicyTests(files: readonly PolicyFile[], schema: CedarSchema): Problem[] {
  const read = readSet(files);
  const compiled = buildSet(read, schema);
  return files.flatMap((file) => runFile(file, read, compiled));
}

function runFile(file: PolicyFile, read: ReadSet, compiled: PolicySet): Problem[] {
  const { tools, tests, problems } = readTests(file);
  if (problems.length > 0) return [...problems];
  const pinned = Object.entries(tools).map(([identifier, tool]) => exampleTool(identifier, tool));
  const set = withSchema(compiled, read, cedarSchemaOf(pinned).schema);
  const ran = tests.map((test) => runTest(test, tools, set));
  const shown = ran.flatMap((one) => one.shown);
  return [
    ...ran.flatMap(({ broken }) => broken.map((one) => brokenPromise(file, one))),
    ...lackingNegatives(file, set, [set.schema, compiled.schema], shown),
  ];
}

/** A step whose verdict was another one than it promises. */
interface Broken {
  readonly step: TestStep;
  readonly message: string;
}

interface Ran {
  readonly broken: readonly Broken[];
  readonly shown: readonly Shown[];
}

function runTest({ name, steps }: PolicyTest, tools: GivenTools, set: PolicySet): Ran {
  const broken: Broken[] = [];
  const shown: Shown[] = [];
  let world = NEW_WORLD;
  for (const [index, step] of steps.entries()) {
    const question = questionIn(world, step, tools);
    const verdict = decide(question, set, exampleReceipts(question, step.approved, set));
    const stopped = verdict.verdict === "deny" || verdict.verdict === "require-approval";
    world = worldAfter(world, question, !stopped);
    shown.push({ actions: actionsOf(question, set), stopped });
    const which = steps.length === 1 ? name : `${name}, call ${index + 1}`;
    const found = failures(step.expect, verdict);
    broken.push(...found.map((failure) => ({ step, message: `${which}: ${failure}` })));
  }
  return { broken, shown };
}

const brokenPromise = ({ name }: PolicyFile, { step: { line, column }, message }: Broken): Problem => ({
  severity: "error",
  file: `${name}.test.yaml`,
  line,
  column,
  message,
});

function actionsOf({ action, tool = "" }: Question, { schema }: PolicySet): string[] {
  const name = action === "call" ? tool : action;
  const { actions } = schema[""];
  if (!Object.hasOwn(actions, name)) return [];
  return [name, ...(actions[name]?.memberOf ?? []).map(({ id }) => id)];
}

function failures(expect: Expectation, verdict: Verdict): string[] {
  const found: Record<keyof Expectation, readonly string[]> = {
    verdict: [verdict.verdict],
    reasons: "reasons" in verdict ? verdict.reasons.map(({ policy }) => policy) : [],
    missing: verdict.verdict === "require-approval" ? verdict.missing : [],
    obligations:
      "obligations" in verdict ? verdict.obligations.map(({ kind, value }) => `${kind}: ${value}`) : [],
  };
  return Object.entries(expect).flatMap(([what, wanted]) =>
    wanted === undefined ? [] : difference(what, [wanted].flat(), found[what as keyof Expectation]),
  );
}

function difference(what: string, wanted: readonly string[], found: readonly string[]): string[] {
  const [expected, actual] = [listed(wanted), listed(found)];
  return expected === actual ? [] : [`expected ${what} ${expected}, got ${actual}`];
}

const listed = (words: readonly string[]): string =>
  words.length === 0 ? "nothing" : [...words].sort().join(", ");
