import { parse } from "yaml";
import { z } from "zod";
import { cedarSchemaOf, toolOf } from "../catalog/index.ts";
import type { Id, PersonId } from "../lib/index.ts";
import { decide } from "./decide.ts";
import { exampleQuestion, givenQuestion, givenTool } from "./example-question.ts";
import type { PolicyFile, PolicySet, Problem } from "./policy.ts";
import { policySet } from "./policy-set.ts";
import { type Question, subjectOf } from "./question.ts";
import type { GivenReceipt, Verdict } from "./verdict.ts";

const policyTest = z.strictObject({
  name: z.string().min(1),
  given: givenQuestion,
  /** How many people have said yes to each requirement, having seen every policy. */
  approved: z.record(z.string(), z.int().min(1).max(20)).default({}),
  expect: z.strictObject({
    verdict: z.enum(["allow", "allow-with-conditions", "require-approval", "deny"]),
    /** Ids of the reasons given, in any order. */
    reasons: z.array(z.string()).optional(),
    missing: z.array(z.string()).optional(),
    /** Such as `mask: email`. */
    obligations: z.array(z.string()).optional(),
  }),
});
type PolicyTest = z.output<typeof policyTest>;

const testFile = z.strictObject({
  tools: z.record(z.string().regex(/^[^/]+\/[^/]+$/), givenTool).default({}),
  tests: z.array(policyTest).min(1),
});
type TestFile = z.output<typeof testFile>;

/**
 * Runs the tests beside the policies, each against the whole set: what one file promises must hold whatever
 * the others add. Tests bring their own tools, so they say the same in every installation.
 * @param files that can be read
 * @returns one problem per broken promise
 */
export function runPolicyTests(files: readonly PolicyFile[]): Problem[] {
  return files.flatMap((file) => (file.tests === undefined ? [] : runFile(file.name, file.tests, files)));
}

function runFile(name: string, text: string, files: readonly PolicyFile[]): Problem[] {
  const problem = (message: string): Problem => ({
    severity: "error",
    file: `${name}.test.yaml`,
    line: 1,
    column: 1,
    message,
  });
  const read = readTests(text);
  if (typeof read === "string") return [problem(read)];
  const set = policySet(files, schemaFor(read), "candidate");
  return read.tests.flatMap((test) =>
    failures(test, set).map((failure) => problem(`${test.name}: ${failure}`)),
  );
}

/** The tests, or what is wrong with the file. */
function readTests(text: string): TestFile | string {
  try {
    const parsed = testFile.safeParse(parse(text, { maxAliasCount: 0 }));
    return parsed.success ? parsed.data : z.prettifyError(parsed.error);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function schemaFor({ tools }: TestFile): PolicySet["schema"] {
  const pinned = Object.entries(tools).map(([identifier, { labels, args }]) => {
    const [server = "", name = ""] = identifier.split("/");
    const properties = Object.fromEntries(Object.entries(args).map(([arg, type]) => [arg, { type }]));
    return toolOf({ server, name, description: "", labels, inputSchema: { type: "object", properties } });
  });
  return cedarSchemaOf(pinned).schema;
}

function failures({ given, approved, expect }: PolicyTest, set: PolicySet): string[] {
  const question = exampleQuestion(given);
  const verdict = decide(question, set, receiptsFor(question, approved, set));
  const found: Record<keyof typeof expect, string[]> = {
    verdict: [verdict.verdict],
    reasons: reasonIds(verdict),
    missing: verdict.verdict === "require-approval" ? [...verdict.missing] : [],
    obligations:
      "obligations" in verdict ? verdict.obligations.map(({ kind, value }) => `${kind}: ${value}`) : [],
  };
  return Object.entries(expect).flatMap(([what, wanted]) =>
    wanted === undefined ? [] : difference(what, [wanted].flat(), found[what as keyof typeof expect]),
  );
}

function difference(what: string, wanted: readonly string[], found: readonly string[]): string[] {
  const [expected, actual] = [listed(wanted), listed(found)];
  return expected === actual ? [] : [`expected ${what} ${expected}, got ${actual}`];
}

const listed = (words: readonly string[]): string =>
  words.length === 0 ? "nothing" : [...words].sort().join(", ");

const reasonIds = (verdict: Verdict): string[] =>
  "reasons" in verdict ? verdict.reasons.map(({ policy }) => policy) : [];

/** Receipts by so many different people, who saw every policy of the set. */
function receiptsFor(question: Question, approved: PolicyTest["approved"], set: PolicySet): GivenReceipt[] {
  const seen = [...set.policies.values()].map(({ id, hash }) => ({ id, hash }));
  const subject = subjectOf(question);
  return Object.entries(approved).flatMap(([requirement, people]) =>
    Array.from({ length: people }, (_, index) => ({
      id: `receipt_${index}` as Id<"receipt">,
      subject,
      requirement,
      person: `person_approver${index}` as PersonId,
      lifts: seen,
      reaches: seen,
      expires: question.now + 1,
    })),
  );
}
