import { append, perform } from "../audit/index.ts";
import { type Caller, Fault, type Id, newId } from "../lib/index.ts";
import { requireActivatable } from "./activatable.ts";
import { readySet } from "./active-set.ts";
import { decide } from "./decide.ts";
import { type Difference, determining, differenceOf } from "./difference.ts";
import { endBeside } from "./end-beside.ts";
import { shadowStarted } from "./events.ts";
import type { PolicySet } from "./policy.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { requirePublisherOrAdministrator } from "./publisher.ts";
import type { Question } from "./question.ts";
import { type Beside, heads, insertBeside } from "./store.ts";
import {
  type DifferenceRow,
  deleteDifferencesBut,
  differencesOf,
  differenceTotals,
} from "./store-differences.ts";
import { storeOnce } from "./store-version.ts";
import type { GivenReceipt, Verdict } from "./verdict.ts";
import { filesOf, type Which } from "./which-set.ts";

/**
 * Has a set asked beside the one that decides, for every decision and without effect. It takes the place of
 * the shadow before it, whose counts are forgotten.
 * @throws Fault `forbidden`; `not-found`; `invalid` with every problem; `conflict` while nothing decides
 */
export function startShadow(deps: PolicyDeps, caller: Caller, which: Which): Promise<Beside> {
  return perform(deps, caller, "policy.shadow", async (change) => {
    requirePublisherOrAdministrator(caller);
    const { active, shadow: before } = await heads(deps.database);
    if (active === undefined) throw nothingDecides();
    const files = await filesOf(deps, which);
    await requireActivatable(deps, files);
    const { version } = await storeOnce(deps, change, caller, files, undefined);
    if (before !== undefined) endBeside(deps, change, caller, "shadow", before, "stopped");
    const by = { by: caller.principal, at: deps.clock.now() };
    const shadow = { id: newId(deps, "policy"), version, number: active.number, ...by };
    insertBeside(change, { name: "shadow", ...shadow });
    deleteDifferencesBut(change, shadow.id);
    const { id } = shadow;
    append(change, shadowStarted(deps, caller, {}, { id, version, beside: active.version }));
    return shadow;
  });
}

export const nothingDecides = (): Fault =>
  new Fault("conflict", "No set of policies decides yet.", { remedy: "Activate one first." });

/** Ends the shadow; what was counted can still be read. @throws Fault `forbidden`; `not-found` without one */
export function stopShadow(deps: PolicyDeps, caller: Caller): Promise<Beside> {
  return perform(deps, caller, "policy.shadow", async (change) => {
    requirePublisherOrAdministrator(caller);
    const { shadow } = await heads(deps.database);
    if (shadow === undefined) throw new Fault("not-found", "There is no shadow.");
    endBeside(deps, change, caller, "shadow", shadow, "stopped");
    return shadow;
  });
}

/** What a shadow would have decided otherwise so far. */
export interface ShadowReport {
  readonly shadow: Beside;
  readonly totals: Partial<Record<Difference | "unchanged", number>>;
  /** The most frequent ones. */
  readonly differences: readonly DifferenceRow[];
}

/** @throws Fault `not-found` without a shadow */
export async function shadowReport(deps: PolicyDeps): Promise<ShadowReport> {
  const { shadow } = await heads(deps.database);
  if (shadow === undefined)
    throw new Fault("not-found", "There is no shadow.", { remedy: "Start one with a set of policies." });
  await deps.policies.shadows.flush(deps);
  return {
    shadow,
    totals: await differenceTotals(deps.database, shadow.id),
    differences: await differencesOf(deps.database, shadow.id),
  };
}

/** A decision as it was made, for the shadow to make again. */
export interface Decided {
  readonly question: Question;
  readonly receipts: readonly GivenReceipt[];
  readonly verdict: Verdict;
  readonly decision: Id<"decision">;
}

/** A shadow, ready to be asked. */
export interface ReadyShadow {
  readonly head: Beside;
  readonly set: PolicySet;
}

/** Counts whether the shadow would have decided otherwise. Nothing that goes wrong here reaches the asker. */
export function compareShadow(
  deps: PolicyDeps,
  { head, set }: ReadyShadow,
  { question, receipts, verdict, decision }: Decided,
): void {
  const would = decide(question, set, receipts);
  deps.policies.shadows.add(deps, {
    shadow: head,
    difference: differenceOf(verdict, would),
    action: question.tool ?? question.action,
    agent: question.agent?.name ?? "",
    decision,
    active: determining(verdict),
    would: determining(would),
  });
}

/** The shadow of now, ready to be asked; nothing where there is none, or none that can be asked. */
export async function readyShadow(
  deps: PolicyDeps,
  head: Beside | undefined,
): Promise<ReadyShadow | undefined> {
  if (head === undefined) return undefined;
  try {
    return { head, set: await readySet(deps, head.version) };
  } catch (error) {
    deps.log.error({ error: String(error), version: head.version }, "the shadow cannot be asked");
    return undefined;
  }
}
