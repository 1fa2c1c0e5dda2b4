import type { Change } from "../database/index.ts";
import { Fault } from "../lib/index.ts";
import { readySet } from "./active-set.ts";
import { isInCanary } from "./canary.ts";
import { isPolicyAlone } from "./observe.ts";
import type { PolicySet } from "./policy.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import type { Question } from "./question.ts";
import { type ReadyShadow, readyShadow } from "./shadow.ts";
import { type Canary, type Head, heads, type Observing, requireBeside, requireHead } from "./store.ts";
import type { Denied, NeedsApproval, Verdict } from "./verdict.ts";

/** Which set decides a question, as of now, and what stands beside it. */
export interface Deciding {
  /** Nothing where no set decides, or the one that should cannot be used: then everything is denied. */
  readonly set: PolicySet | undefined;
  readonly active?: Head;
  /** Set where the canary decides. */
  readonly canary?: Canary;
  readonly shadow?: ReadyShadow;
  /** Set while policies are only observed. */
  readonly observe?: Observing;
}

/** Chooses: the canary for its share of the tasks, else the active set. One read, in every process. */
export async function decidingFor(deps: PolicyDeps, { task }: Pick<Question, "task">): Promise<Deciding> {
  const { active, canary, shadow, observe } = await heads(deps.database);
  const chosen =
    canary !== undefined && task !== undefined && isInCanary(canary, task.id) ? canary : undefined;
  const version = chosen?.version ?? active?.version;
  const beside = await readyShadow(deps, shadow);
  return {
    set: version === undefined ? undefined : await usable(deps, version),
    ...(active === undefined ? {} : { active }),
    ...(chosen === undefined ? {} : { canary: chosen }),
    ...(beside === undefined ? {} : { shadow: beside }),
    ...(observe === undefined || deps.clock.now() >= observe.until ? {} : { observe }),
  };
}

/** Makes what decides ready before the first question comes, as far as it can be. */
export async function readyToDecide(deps: PolicyDeps): Promise<void> {
  const { active } = await heads(deps.database);
  if (active !== undefined) await usable(deps, active.version);
}

/** A set that cannot be used decides nothing, so everything is denied until it can be. */
export async function usable(deps: PolicyDeps, version: string): Promise<PolicySet | undefined> {
  try {
    return await readySet(deps, version);
  } catch (error) {
    if (error instanceof Fault) throw error;
    deps.log.error({ error: String(error), version }, "the policies that should decide cannot be used");
    return undefined;
  }
}

/**
 * What a refusal would have been while policies are only observed: then it is let pass, and says so. What the
 * chain of authority does not cover is refused in any case, because that is no policy.
 */
export function letPass(
  { observe }: Deciding,
  question: Question,
  verdict: Verdict,
): Denied | NeedsApproval | undefined {
  if (observe === undefined || !("reasons" in verdict)) return undefined;
  return question.authority.covered && isPolicyAlone(verdict) ? verdict : undefined;
}

/** Adds to a change that whatever decided it still decides when it commits: set, canary, and observing. */
export function requireDeciding(
  change: Change,
  { active, canary }: Deciding,
  passed: { readonly observe?: Observing | undefined } = {},
): void {
  if (active !== undefined) requireHead(change, active);
  if (canary !== undefined) requireBeside(change, "canary", canary.id);
  if (passed.observe !== undefined) requireBeside(change, "observe", passed.observe.id);
}
