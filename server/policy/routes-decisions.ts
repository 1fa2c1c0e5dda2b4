import { z } from "zod";
import { route } from "../http/index.ts";
import { hours, isId } from "../lib/index.ts";
import { printableText } from "../registry/index.ts";
import { givenQuestion } from "./example-question.ts";
import type { Explanation } from "./explanation.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { replayDecisions } from "./replay.ts";
import { simulate } from "./simulate.ts";
import { explainRecorded } from "./why.ts";
import { count, difference, which, whichOf } from "./wire.ts";

const ids = z.array(z.string());
const verdict = z.enum(["allow", "allow-with-conditions", "deny", "require-approval"]);

const decisionId = z.string().refine((text) => isId(text, "decision"), "This is not the id of a decision.");

const MOST_REPLAYED = 50_000;

export const postReplay = route<PolicyDeps>()({
  summary: "Decides recorded decisions again by another set: who would be newly refused, allowed or asked.",
  body: z.strictObject({
    which,
    since: z.int().min(0).optional().describe("Milliseconds since the epoch; a week ago unless said."),
    until: z.int().min(0).optional(),
    action: printableText(300).optional(),
    agent: printableText(100).optional(),
    limit: z.int().min(1).max(MOST_REPLAYED).default(10_000),
    before: decisionId.optional().describe("Where an earlier replay ended."),
  }),
  answers: {
    200: z.object({
      version: z.string(),
      considered: count,
      totals: z.object({
        newly_refused: count,
        newly_allowed: count,
        newly_asked: count,
        unknown: count,
        unchanged: count,
      }),
      groups: z.array(
        z.object({
          class: z.union([difference, z.literal("unknown")]),
          action: z.string(),
          agent: z.string(),
          was: ids,
          would: ids,
          unknown: ids.describe("What the set reads and nobody looked at then."),
          count,
          examples: ids,
        }),
      ),
      next: z.string().optional(),
    }),
  },
  async handle(deps, _caller, { body }) {
    const { which: said, since, until, ...rest } = body;
    const now = deps.clock.now();
    const span = { since: since ?? now - hours(24 * 7), until: until ?? now + 1 };
    const { totals, ...replayed } = await replayDecisions(deps, { ...rest, ...span, which: whichOf(said) });
    const told = {
      newly_refused: totals["newly refused"],
      newly_allowed: totals["newly allowed"],
      newly_asked: totals["newly asked"],
      unknown: totals.unknown,
      unchanged: totals.unchanged,
    };
    return { status: 200, body: { ...replayed, totals: told } };
  },
});

const explanation = z.object({
  verdict,
  policies: z.array(
    z.object({
      id: z.string(),
      effect: z.enum(["permit", "forbid"]),
      part: z.string(),
      reason: z.string(),
      file: z.string(),
      line: z.int(),
      text: z.string(),
      lift: z.string().optional(),
      read: z.array(z.object({ path: z.string(), value: z.string().optional() })),
    }),
  ),
  reasons: z.array(z.object({ policy: z.string(), reason: z.string() })),
  remedies: z.array(
    z.object({ requirement: z.string(), words: z.string(), policies: ids, missing: z.boolean() }),
  ),
  obligations: ids,
  /** The same for people, one line for each thing. */
  text: z.string(),
});

const shapeExplanation = (text: string, told: Explanation) => ({
  verdict: told.verdict,
  policies: told.policies.map(({ read, ...policy }) => ({
    ...policy,
    read: read.map(({ path, value }) => ({ path, ...(value === undefined ? {} : { value }) })),
  })),
  reasons: told.builtIn.map(({ policy, reason }) => ({ policy, reason })),
  remedies: told.remedies.map(({ requirement, words, policies, missing }) => ({
    ...{ requirement, words, missing },
    policies: [...policies],
  })),
  obligations: told.obligations,
  text,
});

export const postSimulation = route<PolicyDeps>()({
  summary: "What a set would say to a question that nobody asked, in the few words of policy tests.",
  body: z.strictObject({
    which: which.default("active"),
    given: givenQuestion,
    approved: z
      .record(z.string().max(200), z.int().min(1).max(20))
      .default({})
      .describe("How many people have said yes to each requirement."),
  }),
  answers: { 200: explanation.extend({ version: z.string() }) },
  async handle(deps, _caller, { body }) {
    const { given, approved } = body;
    const { explanation: told, text } = await simulate(deps, { which: whichOf(body.which), given, approved });
    return { status: 200, body: { version: told.policyVersion, ...shapeExplanation(text, told) } };
  },
});

export const getDecision = route<PolicyDeps>()({
  summary: "Why a decision came out as it did: policies, the values they read, and what would lift them.",
  params: z.strictObject({ id: printableText(100) }),
  answers: {
    200: explanation.extend({
      decision: z.string(),
      at: z.int(),
      version: z.string(),
      by: z.enum(["active", "canary"]),
      observed: z.boolean().describe("Policies were only observed, and what they refused was let pass."),
      action: z.string(),
      tool: z.string().optional(),
      agent: z.string().optional(),
      person: z.string().optional(),
      task: z.string().optional(),
    }),
  },
  async handle(deps, caller, { params }) {
    const { record, explanation: told, text } = await explainRecorded(deps, caller, params.id);
    const { id, at, by, observed, question } = record;
    const { action, tool, agent, person, task } = question;
    return {
      status: 200,
      body: {
        ...{ decision: id, at, by, observed, action, version: told.policyVersion },
        ...(tool === undefined ? {} : { tool }),
        ...(agent === undefined ? {} : { agent: agent.name }),
        ...(person === undefined ? {} : { person: person.id }),
        ...(task === undefined ? {} : { task: task.id }),
        ...shapeExplanation(text, told),
      },
    };
  },
});
