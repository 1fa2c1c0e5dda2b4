import type { Sealer } from "../audit/index.ts";
import { readySet } from "./active-set.ts";
import { decide } from "./decide.ts";
import { type DecisionRecord, openDecision, type SealedDecision } from "./decision-record.ts";
import { type Difference, determining, differenceOf } from "./difference.ts";
import { inSteps } from "./in-steps.ts";
import type { PolicySet } from "./policy.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { readsOf } from "./reads-of.ts";
import { decisionsWithin, type Span } from "./store-decisions.ts";
import { unrecorded } from "./unrecorded.ts";
import { setOf, type Which } from "./which-set.ts";

/** What a draft would have come to: a difference, none, or nobody can know. */
export type ReplayClass = Difference | "unknown" | "unchanged";

/** Decisions that would have become other in the same way, together. */
export interface ReplayedGroup {
  readonly class: Exclude<ReplayClass, "unchanged">;
  readonly action: string;
  /** Empty where no agent acted. */
  readonly agent: string;
  /** Ids of policies or built-in reasons: those that decided, and those that would have. */
  readonly was: readonly string[];
  readonly would: readonly string[];
  /** For `unknown`: what the draft reads and nobody looked at, or why else it cannot be known. */
  readonly unknown: readonly string[];
  count: number;
  /** The latest such decisions; `why` tells all about each. */
  readonly examples: string[];
}

export interface Replayed {
  readonly version: string;
  readonly considered: number;
  readonly totals: Readonly<Record<ReplayClass, number>>;
  /** The largest first. */
  readonly groups: readonly ReplayedGroup[];
  /** Set where the span has more decisions: the id to go on from. */
  readonly next?: string;
}

export interface ReplayInput extends Span {
  readonly which: Which;
  /** At most so many decisions, the newest first. */
  readonly limit: number;
  /** Where an earlier replay ended. */
  readonly before?: string | undefined;
}

const AT_ONCE = 100;
const MOST_EXAMPLES = 5;
const MOST_GROUPS = 500;

/**
 * Decides recorded decisions again, by another set and on what was seen then: what would have become other.
 * Nothing else waits for it: it works in steps of a few milliseconds.
 * @throws Fault `not-found`; `invalid` for a draft that cannot be read
 */
export async function replayDecisions(deps: PolicyDeps, input: ReplayInput): Promise<Replayed> {
  const set = await setOf(deps, input.which);
  const tally = new Tally();
  let before = input.before;
  while (tally.considered < input.limit) {
    const most = Math.min(AT_ONCE, input.limit - tally.considered);
    const page = await decisionsWithin(deps.database, input, before, most);
    const earlier = await setsOf(deps, page);
    await inSteps(page, (sealed) => tally.add(replayed(deps.sealer, sealed, set, earlier)));
    before = page.at(-1)?.id ?? before;
    if (page.length < most) return tally.told(set.version);
  }
  const more = await decisionsWithin(deps.database, input, before, 1);
  return tally.told(set.version, more.length > 0 ? before : undefined);
}

/** The sets that decided, by version: what they read was looked at. */
async function setsOf(
  deps: PolicyDeps,
  page: readonly SealedDecision[],
): Promise<Map<string, PolicySet | undefined>> {
  const versions = [...new Set(page.map(({ version }) => version))];
  const sets = await Promise.all(versions.map((version) => readySet(deps, version).catch(() => undefined)));
  return new Map(versions.map((version, index) => [version, sets[index]]));
}

type One = Omit<ReplayedGroup, "count" | "examples" | "class"> & {
  readonly class: ReplayClass;
  readonly id: string;
};

function replayed(
  sealer: Sealer,
  sealed: SealedDecision,
  set: PolicySet,
  earlier: ReadonlyMap<string, PolicySet | undefined>,
): One {
  const { id, action, agent, version } = sealed;
  const one = { id, action, agent: agent ?? "", was: [], would: [], unknown: [] };
  const record = opened(sealer, sealed);
  if (record === undefined) return { ...one, class: "unknown", unknown: ["the record"] };
  const would = decide(record.question, set, record.receipts);
  const was = determining(record.verdict);
  const unknown = unknowable(record, set, earlier.get(version));
  if (unknown.length > 0) return { ...one, class: "unknown", was, unknown };
  return { ...one, class: differenceOf(record.verdict, would), was, would: determining(would) };
}

function opened(sealer: Sealer, sealed: SealedDecision): DecisionRecord | undefined {
  try {
    return openDecision(sealer, sealed);
  } catch {
    return undefined;
  }
}

function unknowable(
  { question }: DecisionRecord,
  set: PolicySet,
  then: PolicySet | undefined,
): readonly string[] {
  // Denied by any set, whatever it reads.
  if (!question.authority.covered) return [];
  const action = question.action === "call" ? (question.tool ?? "") : question.action;
  if (!Object.hasOwn(set.schema[""].actions, action)) return ["the action is not in the catalog any more"];
  const nothing = { members: [], args: [], facts: [], windows: [] };
  return unrecorded(question, readsOf(set, action), then === undefined ? nothing : readsOf(then, action));
}

/** Counts what was replayed, group by group. */
class Tally {
  considered = 0;
  readonly #totals: Record<ReplayClass, number> = {
    "newly refused": 0,
    "newly allowed": 0,
    "newly asked": 0,
    unknown: 0,
    unchanged: 0,
  };
  readonly #groups = new Map<string, ReplayedGroup>();

  add({ class: is, id, ...kind }: One): void {
    this.considered += 1;
    this.#totals[is] += 1;
    if (is === "unchanged") return;
    const key = JSON.stringify([is, kind.action, kind.agent, kind.was, kind.would, kind.unknown]);
    const group = this.#groups.get(key);
    if (group === undefined) {
      if (this.#groups.size < MOST_GROUPS)
        this.#groups.set(key, { ...kind, class: is, count: 1, examples: [id] });
      return;
    }
    group.count += 1;
    if (group.examples.length < MOST_EXAMPLES) group.examples.push(id);
  }

  told(version: string, next?: string): Replayed {
    const groups = [...this.#groups.values()].sort((a, b) => b.count - a.count);
    const { considered } = this;
    return {
      version,
      considered,
      totals: { ...this.#totals },
      groups,
      ...(next === undefined ? {} : { next }),
    };
  }
}
