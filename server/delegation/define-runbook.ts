import { append, perform } from "../audit/index.ts";
import { findTool } from "../catalog/index.ts";
import { type Caller, Fault, type PersonId } from "../lib/index.ts";
import { accepted, requireAdministrator } from "../registry/index.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { runbookApproved } from "./events.ts";
import { type Runbook, type RunbookDefinition, runbookDefinition, runbookDigest } from "./runbook.ts";
import { insertRunbook, replaceRunbook, runbookNamed } from "./store-runbooks.ts";

/**
 * Approves a runbook: tasks can be opened with it from now on. Another one of a name that is taken is only
 * taken from somebody who says which one it replaces; tasks at work keep theirs. The same again changes nothing.
 * @param input.replaces digest of the one that has the name now
 * @throws Fault `forbidden`; `invalid`, also for a step that is no pinned tool; `conflict` when another one
 *   has the name
 */
export function defineRunbook(
  deps: DelegationDeps,
  caller: Caller,
  { definition, replaces }: { definition: RunbookDefinition; replaces?: string | undefined },
): Promise<Runbook> {
  return perform(deps, caller, "runbook.approve", async (change) => {
    requireAdministrator(caller);
    const said = accepted("runbook", runbookDefinition, definition);
    const digest = runbookDigest(said);
    const before = await runbookNamed(deps.database, said.name);
    if (before?.digest === digest) return before;
    requireSeen(before, replaces);
    await requirePinned(deps, said.steps);
    const runbook: Runbook = { ...said, digest, approvedBy: approver(caller), approvedAt: deps.clock.now() };
    if (before === undefined) insertRunbook(change, runbook);
    else replaceRunbook(change, before, runbook);
    append(change, runbookApproved(deps, caller, {}, bodyOf(runbook, before)));
    return runbook;
  });
}

/**
 * The runbook of this name as it is approved now.
 * @throws Fault `not-found`
 */
export async function findRunbook(deps: DelegationDeps, attackerName: string): Promise<Runbook> {
  const runbook = await runbookNamed(deps.database, attackerName);
  if (runbook !== undefined) return runbook;
  throw new Fault("not-found", "There is no runbook of this name.", {
    remedy: "List the runbooks, or have an administrator approve this one.",
  });
}

function requireSeen(before: Runbook | undefined, replaces: string | undefined): void {
  if (before === undefined || before.digest === replaces) return;
  throw new Fault("conflict", `Another runbook has the name ${before.name}.`, {
    remedy: "Look at what changed; then say which one yours replaces.",
    members: { approved: before.digest },
  });
}

async function requirePinned(deps: DelegationDeps, steps: readonly string[]): Promise<void> {
  for (const step of new Set(steps)) {
    if ((await findTool(deps, step)) !== undefined) continue;
    throw new Fault("invalid", `The step ${step} is no pinned tool.`, {
      remedy: "Name tools as server/tool, each pinned in the catalog.",
    });
  }
}

const approver = ({ principal }: Caller): Runbook["approvedBy"] => principal as PersonId | "system";

const bodyOf = ({ name, digest, steps }: Runbook, before: Runbook | undefined) => ({
  runbook: name,
  digest,
  steps: [...steps],
  ...(before === undefined ? {} : { replaces: before.digest }),
});
