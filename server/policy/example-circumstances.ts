import type { Json } from "@countersign/proof/jcs";
import { z } from "zod";
import { currencyCode, type Tool } from "../catalog/index.ts";
import { amountMoved } from "./amount.ts";
import { scaled } from "./carry.ts";
import type { Circumstances, History, WindowCounts } from "./circumstances.ts";
import { compareWithFacts } from "./contradiction.ts";
import { exampleTool, type GivenTool, givenTool } from "./example-tool.ts";
import { isZone } from "./local-time.ts";
import { present } from "./present.ts";

const SUBJECTS = ["agent", "instance", "person", "resource"] as const;
const SPANS = ["minute", "hour", "day"] as const;

/** Calls before this one; a longer span has at least those of a shorter one. */
const window = z.partialRecord(
  z.enum(SUBJECTS.flatMap((whose) => SPANS.map((span) => `${whose}_${span}` as const))),
  z.int().min(0),
);

const history = z
  .strictObject({
    labels: z.array(z.string()),
    untrusted: z.boolean(),
    calls: z.int().min(0),
    tool_calls: z.int().min(0),
    /** What this tool has moved in the task, by currency. */
    amounts: z.record(
      currencyCode,
      z
        .number()
        .min(0)
        .refine((value) => scaled(value) !== undefined, "An amount has at most four places."),
    ),
  })
  .partial();

/** What a policy's test may say of the circumstances. */
export const givenCircumstances = {
  /** What the server found out about the resource, by name. A declared fact that is not given is missing. */
  facts: z.record(z.string(), z.json()).default({}),
  facts_missing: z.array(z.string()).default([]),
  /** Each `none` where it is not known; where nothing is said: nothing happened before, proven just now. */
  history: z.union([z.literal("none"), history]).default({}),
  window: z.union([z.literal("none"), window]).default({}),
  posture: z
    .union([
      z.literal("none"),
      z.strictObject({ evidence_age: z.int().min(0), idle_days: z.int().min(0) }).partial(),
    ])
    .default({}),
  risk: z.union([z.literal("none"), z.int().min(0).max(100)]).default(0),
  /** What is strange about the one who acts, by name. */
  anomalies: z.array(z.string()).default([]),
  /** The owning team's. */
  zone: z.string().refine(isZone, "This is not an IANA time zone such as Europe/Berlin.").default("UTC"),
};

interface Given extends z.output<z.ZodObject<typeof givenCircumstances>> {
  readonly action: string;
  readonly tool?: string | undefined;
  readonly args: Readonly<Record<string, unknown>>;
}

/**
 * What is true around a test's question.
 * @param tools the test's own
 * @param now milliseconds since the epoch
 */
export function exampleCircumstances(
  given: Given,
  tools: Readonly<Record<string, GivenTool>>,
  now: number,
): Circumstances {
  const { tool = "", posture, risk, anomalies, zone } = given;
  const declared = Object.hasOwn(tools, tool) ? tools[tool] : undefined;
  return {
    ...(given.action === "call"
      ? ofTool(given, exampleTool(tool, declared ?? givenTool.parse({})), declared)
      : {}),
    ...(given.history === "none" ? {} : { history: historyOf(given.history) }),
    ...(given.window === "none" ? {} : { windows: windowsOf(given.window) }),
    ...(posture === "none"
      ? {}
      : {
          posture: {
            provenAt: now - (posture.evidence_age ?? 0) * 1_000,
            lastActive: now - (posture.idle_days ?? 0) * 86_400_000,
          },
        }),
    ...(risk === "none" ? {} : { risk: { score: risk, parts: {}, anomalies, at: now } }),
    zone,
  };
}

function ofTool(given: Given, tool: Tool, declared: GivenTool | undefined): Partial<Circumstances> {
  const known = Object.entries(given.facts).filter(([name]) => !given.facts_missing.includes(name));
  const values = Object.fromEntries(known) as Record<string, Json>;
  return {
    tool: {
      data: tool.data ?? [],
      untrusted: tool.untrusted ?? false,
      ...present({ environment: declared?.environment, region: declared?.region }),
      ...amountMoved(tool.amount, given.args),
    },
    facts: {
      values,
      missing: given.facts_missing,
      ...compareWithFacts(tool.facts ?? [], values, given.args),
    },
  };
}

function historyOf({
  labels = [],
  untrusted = false,
  calls = 0,
  tool_calls = 0,
  amounts = {},
}: z.output<typeof history>): History {
  const exact = Object.entries(amounts).map(([currency, value]) => [currency, scaled(value) ?? 0n] as const);
  return { labels, untrusted, calls, toolCalls: tool_calls, amounts: Object.fromEntries(exact) };
}

function windowsOf(given: z.output<typeof window>): NonNullable<Circumstances["windows"]> {
  const countsOf = (whose: (typeof SUBJECTS)[number]): WindowCounts => {
    const minute = given[`${whose}_minute`] ?? 0;
    const hour = given[`${whose}_hour`] ?? minute;
    return { minute, hour, day: given[`${whose}_day`] ?? hour };
  };
  return Object.fromEntries(SUBJECTS.map((whose) => [whose, countsOf(whose)]));
}
