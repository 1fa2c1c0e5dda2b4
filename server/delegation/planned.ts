import { type Plan, parsePlan } from "@countersign/proof/consent";
import type { Grant } from "@countersign/proof/grant";
import type { Json } from "@countersign/proof/jcs";
import type { Change } from "../database/index.ts";
import { Fault } from "../lib/index.ts";
import { findRunbook } from "./define-runbook.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { type PlannedBy, planBy, plannedBy } from "./runbook.ts";
import { requireRunbook } from "./store-runbooks.ts";

/** What is said of a task's plan when it is opened. */
interface Declared {
  readonly grants: readonly Grant[];
  readonly runbook?: string | undefined;
  readonly plan?: Plan | undefined;
}

/** The plan of a task, and the approved one that it comes from where it does. */
export interface Planned {
  readonly runbook: PlannedBy | undefined;
  readonly plan: Plan | undefined;
}

/**
 * The plan that a task shall have, as it is approved now: it must still be at the commit.
 * @throws Fault `invalid`; `not-found` for a runbook that nobody has approved
 */
export async function plannedFor(deps: DelegationDeps, change: Change, declared: Declared): Promise<Planned> {
  const runbook = await runbookOf(deps, change, declared);
  return { runbook, plan: planOf(declared, runbook) };
}

/**
 * What a task is held to: what was declared, or what its runbook says. A step for which nothing
 * is asked would never come.
 * @throws Fault `invalid`
 */
function planOf({ plan, grants }: Declared, runbook: PlannedBy | undefined): Plan | undefined {
  if (plan === undefined) return runbook === undefined ? undefined : planBy(runbook);
  if (runbook !== undefined) throw badPlan("A task has a runbook or a plan of its own, not both.");
  const idle = plan.steps.find(({ tool }) => grants.every(({ identifier }) => identifier !== tool));
  if (idle !== undefined) throw badPlan("The plan has a step whose tool is not asked for.");
  return parsePlan(plan as unknown as Json);
}

const badPlan = (why: string): Fault =>
  new Fault("invalid", why, { remedy: "Correct the plan, or ask for what it needs." });

/** The runbook as it is approved now: it must still be at the commit. */
async function runbookOf(
  deps: DelegationDeps,
  change: Change,
  { runbook }: Declared,
): Promise<PlannedBy | undefined> {
  if (runbook === undefined) return undefined;
  const planned = plannedBy(await findRunbook(deps, runbook));
  requireRunbook(change, planned);
  return planned;
}
