import { z } from "zod";
import { givenQuestion, givenTool } from "./example-question.ts";
import type { PolicyFile, Problem } from "./policy.ts";
import { type YamlSource, yamlSource } from "./yaml-source.ts";

/** What must come out. What is not said is not tested. */
const expectation = z.strictObject({
  verdict: z.enum(["allow", "allow-with-conditions", "require-approval", "deny"]),
  /** Ids of the reasons given, in any order. */
  reasons: z.array(z.string()).optional(),
  missing: z.array(z.string()).optional(),
  /** Such as `mask: email`. */
  obligations: z.array(z.string()).optional(),
});
export type Expectation = z.output<typeof expectation>;

const SPAN = /^(\d{1,6})([smhd])$/;
const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A span of time such as `61s`, `5m`, `2h` or `1d`, in milliseconds. */
const span = z
  .string()
  .regex(SPAN, "A span of time is a whole number with s, m, h or d, such as 61s.")
  .transform((text) => {
    const [, digits, unit = ""] = SPAN.exec(text) ?? [];
    return Number(digits) * (UNITS[unit] ?? Number.NaN);
  });

/** How many people have said yes to each requirement, having seen every policy. */
const approved = z.record(z.string(), z.int().min(1).max(20)).default({});

const name = z.string().min(1);
const single = z.strictObject({ name, given: givenQuestion, approved, expect: expectation });
const scenario = z.strictObject({
  name,
  /** What its calls have in common; what a call says itself comes first. */
  given: z.record(z.string(), z.unknown()).default({}),
  scenario: z
    .array(
      z.strictObject({
        /** How long after the step before. */
        after: span.default(0),
        call: givenQuestion,
        approved,
        expect: expectation,
      }),
    )
    .min(1)
    .max(100),
});

const testFile = z.strictObject({
  tools: z.record(z.string().regex(/^[^/]+\/[^/]+$/, "A tool is named server/tool."), givenTool).default({}),
  tests: z.array(z.unknown()).min(1),
});

export type GivenTools = z.output<typeof testFile>["tools"];

/** One call of a test, and what must come out. A test of a single question has one step. */
export interface TestStep {
  /** Milliseconds after the step before. */
  readonly after: number;
  readonly question: z.output<typeof givenQuestion>;
  readonly approved: Readonly<Record<string, number>>;
  readonly expect: Expectation;
  readonly line: number;
  readonly column: number;
}

export interface PolicyTest {
  readonly name: string;
  /** Calls within one task, in their order. */
  readonly steps: readonly TestStep[];
}

/** A file of tests, read; or what is wrong with it, and where. */
export interface ReadTests {
  readonly tools: GivenTools;
  readonly tests: readonly PolicyTest[];
  readonly problems: readonly Problem[];
}

/** Reads the tests beside a file's policies. A file without tests has none, which is no problem of form. */
export function readTests({ name, tests }: PolicyFile): ReadTests {
  if (tests === undefined) return { tools: {}, tests: [], problems: [] };
  const source = yamlSource(`${name}.test.yaml`, tests);
  if (source.problems.length > 0) return { tools: {}, tests: [], problems: source.problems };
  const file = testFile.safeParse(source.value);
  if (!file.success) return { tools: {}, tests: [], problems: source.complaints(file.error) };
  const read = file.data.tests.map((test, index) => readTest(source, test, index));
  return {
    tools: file.data.tools,
    tests: read.flatMap((one) => ("steps" in one ? [one] : [])),
    problems: read.flatMap((one) => ("steps" in one ? [] : one.problems)),
  };
}

type Broken = { readonly problems: readonly Problem[] };

const readTest = (source: YamlSource, test: unknown, index: number): PolicyTest | Broken =>
  isScenario(test) ? readScenario(source, test, index) : readSingle(source, test, index);

function readSingle(source: YamlSource, test: unknown, index: number): PolicyTest | Broken {
  const path = ["tests", index];
  const read = single.safeParse(test);
  if (!read.success) return { problems: source.complaints(read.error, path) };
  const { name, given, approved, expect } = read.data;
  return { name, steps: [{ after: 0, question: given, approved, expect, ...source.at(path) }] };
}

function readScenario(source: YamlSource, test: Scenario, index: number): PolicyTest | Broken {
  const path = ["tests", index];
  const fixed = whatMovesByItself(test).map(({ at, message }) => source.problem([...path, ...at], message));
  if (fixed.length > 0) return { problems: fixed };
  const read = scenario.safeParse({ ...test, scenario: withCommon(test) });
  if (!read.success) return { problems: source.complaints(read.error, path) };
  const { name, scenario: steps } = read.data;
  return {
    name,
    steps: steps.map(({ call, ...step }, at) => ({
      ...step,
      question: call,
      ...source.at([...path, "scenario", at]),
    })),
  };
}

interface Scenario {
  readonly given?: unknown;
  readonly scenario: unknown;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isScenario = (test: unknown): test is Scenario => isObject(test) && Object.hasOwn(test, "scenario");

/** The steps as they were written, each call with what all have in common. What has no form stays as it is. */
function withCommon({ given, scenario: steps }: Scenario): unknown {
  if (!Array.isArray(steps) || !isObject(given)) return steps;
  return steps.map((step: unknown) =>
    isObject(step) && isObject(step.call) ? { ...step, call: { ...given, ...step.call } } : step,
  );
}

/** Members of a scenario that its own calls and `after` move, and that therefore nobody may set. */
function whatMovesByItself({ given, scenario: steps }: Scenario): { at: PropertyKey[]; message: string }[] {
  const calls = Array.isArray(steps)
    ? steps.map((step: unknown) => (isObject(step) ? step.call : undefined))
    : [];
  const places: [PropertyKey[], unknown, readonly string[]][] = [
    [["given"], given, ["history", "window"]],
    ...calls.map((call, at): [PropertyKey[], unknown, readonly string[]] => [
      ["scenario", at, "call"],
      call,
      at === 0 ? ["history", "window"] : ["history", "window", "now"],
    ]),
  ];
  return places.flatMap(([at, said, moving]) =>
    moving
      .filter((member) => isObject(said) && Object.hasOwn(said, member))
      .map((member) => ({ at: [...at, member], message: messageOf(member) })),
  );
}

const messageOf = (member: string): string =>
  member === "now"
    ? "In a scenario time moves by `after`: only its first call may say when it is."
    : `In a scenario ${member} moves by the calls that were allowed: make those calls first.`;
