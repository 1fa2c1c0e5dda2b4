import { advance, type History, NO_HISTORY, seenBy, windowCounts } from "../delegation/index.ts";
import type { Circumstances } from "./circumstances.ts";
import { exampleQuestion } from "./example-question.ts";
import type { GivenTools, TestStep } from "./policy-test.ts";
import type { Question } from "./question.ts";

/**
 * What moves while the calls of one task are made: time, what the task remembers, and whose windows each call
 * counts in. It moves as it does live: only by calls that were allowed.
 */
export interface World {
  /** Milliseconds since the epoch; nothing before the first call. */
  readonly now?: number;
  readonly history: History;
  readonly calls: readonly { readonly at: number; readonly counted: Counted }[];
}

export const NEW_WORLD: World = { history: NO_HISTORY, calls: [] };

/** Whose windows a call counts in, each under the name that policies read. */
type Counted = Readonly<Partial<Record<"agent" | "instance" | "person" | "resource", string>>>;

/** The question of a step, asked in the world as the steps before have left it. */
export function questionIn(world: World, { after, question: given }: TestStep, tools: GivenTools): Question {
  const first = exampleQuestion(given, tools);
  if (world.now === undefined) return first;
  const now = world.now + after;
  const asked = exampleQuestion({ ...given, now: new Date(now).toISOString() }, tools);
  return { ...asked, circumstances: { ...asked.circumstances, ...remembered(world, asked) } };
}

/** The world after a step. @param allowed whether the call was made */
export function worldAfter(world: World, question: Question, allowed: boolean): World {
  const { action, tool, circumstances = {}, now } = question;
  if (!allowed || action !== "call" || tool === undefined) return { ...world, now };
  const { data = [], untrusted = false, amount } = circumstances.tool ?? {};
  const call = { tool, data, untrusted, ...(amount === undefined ? {} : { amount }) };
  return {
    now,
    history: advance(world.history, call),
    calls: [...world.calls, { at: now, counted: countedFor(question) }],
  };
}

function remembered({ history, calls }: World, question: Question): Partial<Circumstances> {
  const windows = Object.entries(countedFor(question)).map(([whose, name]) => {
    const own = calls.filter(({ counted }) => counted[whose as keyof Counted] === name);
    return [whose, windowCounts(own.map(({ at }) => at), question.now)] as const; // biome-ignore format: one thought
  });
  return { history: seenBy(history, question.tool ?? ""), windows: Object.fromEntries(windows) };
}

/** One copy of each agent runs in a test. */
const countedFor = ({ agent, person, resource }: Question): Counted => ({
  ...(agent === undefined ? {} : { agent: agent.name, instance: agent.name }),
  ...(person === undefined ? {} : { person: person.id }),
  resource: resource.location,
});
