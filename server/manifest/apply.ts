import { append, perform } from "../audit/index.ts";
import { findTool, putServer, putTool } from "../catalog/index.ts";
import type { Change } from "../database/index.ts";
import type { Caller } from "../lib/index.ts";
import { putPolicies } from "../policy/index.ts";
import {
  type AgentSaid,
  addAgent,
  changeAgent,
  findAgent,
  putGroup,
  putTeam,
  requireAdministrator,
} from "../registry/index.ts";
import { currentOf } from "./current.ts";
import { type Desired, type DesiredAs, ofKind } from "./desired.ts";
import { KINDS, type Kind } from "./document.ts";
import { manifestApplied } from "./events.ts";
import type { ManifestDeps } from "./manifest-deps.ts";
import { parseManifest } from "./parse.ts";
import { type Step, stepOf } from "./plan.ts";
import { resolve } from "./resolve.ts";
import { told } from "./told.ts";

/** What applying would do, or did, in the order in which it is done. */
export interface Plan {
  readonly steps: readonly Step[];
}

/**
 * Shows what applying a manifest would do, and does nothing.
 * @throws Fault `forbidden`; `malformed` and `invalid` with the line
 */
export async function planManifest(deps: ManifestDeps, caller: Caller, attackerText: string): Promise<Plan> {
  requireAdministrator(caller);
  return { steps: await stepsOf(deps, await desiredBy(deps, attackerText)) };
}

/**
 * Makes things as a manifest declares them: one change per kind, in an order in which each finds what it
 * relies on. What is not declared stays. Applying the same again changes nothing and writes no event.
 * @returns what was done
 * @throws Fault `forbidden`; `malformed` and `invalid` with the line, before anything is changed; other refusals
 *   of the rooms, with the line: then the kinds before are applied, this one is not, and applying again goes on
 */
export async function applyManifest(deps: ManifestDeps, caller: Caller, attackerText: string): Promise<Plan> {
  requireAdministrator(caller);
  const all = await desiredBy(deps, attackerText);
  const steps = await stepsOf(deps, all);
  for (const kind of KINDS) await applyKind(deps, caller, kind, ofKind<Kind>(all, kind));
  return { steps };
}

const desiredBy = (deps: ManifestDeps, attackerText: string): Promise<Desired[]> =>
  resolve(deps, parseManifest(attackerText));

async function stepsOf(deps: ManifestDeps, all: readonly Desired[]): Promise<Step[]> {
  const ordered = KINDS.flatMap((kind) => ofKind<Kind>(all, kind));
  return Promise.all(ordered.map(async (desired) => stepOf(desired, await currentOf(deps, desired))));
}

async function applyKind(
  deps: ManifestDeps,
  caller: Caller,
  kind: Kind,
  some: readonly Desired[],
): Promise<void> {
  if (some.length === 0) return;
  if (kind === "Policy") return applyPolicies(deps, caller, ofKind(some, "Policy"));
  await perform(deps, caller, "manifest.apply", async (change) => {
    const names: string[] = [];
    for (const desired of some) {
      const before = change.steps.length;
      await told(desired.declared, () => put(deps, change, caller, desired));
      if (change.steps.length > before) names.push(desired.declared.name);
    }
    if (names.length > 0) append(change, manifestApplied(deps, caller, {}, { kind, names }));
  });
}

/** All at once, because they are checked and decide as one set. */
async function applyPolicies(
  deps: ManifestDeps,
  caller: Caller,
  some: readonly DesiredAs<"Policy">[],
): Promise<void> {
  await putPolicies(
    deps,
    caller,
    some.map((desired) => desired.as),
  );
}

async function put(deps: ManifestDeps, change: Change, caller: Caller, desired: Desired): Promise<unknown> {
  switch (desired.kind) {
    case "Team":
      return putTeam(deps, change, caller, desired.as);
    case "Server":
      return putServer(deps, change, caller, desired.as);
    case "Tool":
      return putDeclaredTool(deps, change, caller, desired);
    case "Group":
      return putGroup(deps, change, caller, desired.as);
    case "Agent":
      return putAgent(deps, change, caller, desired);
    case "Policy":
      return undefined;
  }
}

/** Whoever applies a manifest has looked at what changed: the plan showed it. */
async function putDeclaredTool(
  deps: ManifestDeps,
  change: Change,
  caller: Caller,
  { declared, as }: DesiredAs<"Tool">,
) {
  const replaces = (await findTool(deps, declared.name))?.digest;
  return putTool(deps, change, caller, { definition: as, replaces });
}

async function putAgent(deps: ManifestDeps, change: Change, caller: Caller, { as }: DesiredAs<"Agent">) {
  if ((await findAgent(deps, as.name)) !== undefined) return changeAgent(deps, change, caller, as);
  const said = Object.entries(as.update).filter(([, value]) => value !== null);
  return addAgent(deps, change, caller, { name: as.name, ...Object.fromEntries(said) } as AgentSaid);
}
