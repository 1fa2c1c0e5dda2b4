import {
  bindWithin,
  declarePlatformWithin,
  putEntryWithin,
  removeEntryWithin,
  requireWithin,
  unbindWithin,
} from "../attestation/index.ts";
import { append, perform } from "../audit/index.ts";
import {
  cedarSchemaWith,
  findTool,
  putServer,
  putTool,
  readDefinition,
  type Tool,
} from "../catalog/index.ts";
import type { Change } from "../database/index.ts";
import type { Caller } from "../lib/index.ts";
import { declareProviderWithin } from "../login/index.ts";
import { declarePartnerWithin } from "../oauth/index.ts";
import {
  activatePolicies,
  admissionOfServer,
  admissionOfTools,
  besideActive,
  putPolicies,
} from "../policy/index.ts";
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
import { gone } from "./gone.ts";
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

/** Something that applying would make or change, and what it would be then. */
export interface Changing {
  readonly step: Step;
  readonly as: Desired["as"];
}

/**
 * What applying a manifest would make or change, whole: for whoever decides whether it may.
 * @throws Fault as `planManifest`
 */
export async function changesBy(
  deps: ManifestDeps,
  caller: Caller,
  attackerText: string,
): Promise<Changing[]> {
  requireAdministrator(caller);
  const all = await desiredBy(deps, attackerText);
  const steps = await stepsOf(deps, all);
  const ordered = KINDS.flatMap((kind) => ofKind<Kind>(all, kind));
  return ordered.flatMap(({ as }, index) => {
    const step = steps[index];
    return step === undefined || step.action === "unchanged" ? [] : [{ step, as }];
  });
}

/**
 * Makes things as a manifest declares them: one change per kind, in an order in which each finds what it
 * relies on; tools and policies in one, so that no tool is ever called under policies that do not fit it. What is
 * not declared stays, but for entries of an agent whose `identity` is said, and rules of one whose `platforms` are. Applying the same
 * again changes nothing and writes no event.
 * @returns what was done
 * @throws Fault `forbidden`; `malformed` and `invalid` with the line, before anything is changed; other refusals
 *   of the rooms, with the line: then the kinds before are applied, this one is not, and applying again goes on
 */
export async function applyManifest(deps: ManifestDeps, caller: Caller, attackerText: string): Promise<Plan> {
  requireAdministrator(caller);
  const all = await desiredBy(deps, attackerText);
  const steps = await stepsOf(deps, all);
  const tools = ofKind(all, "Tool");
  for (const kind of KINDS) {
    if (kind === "Tool") await applyTools(deps, caller, tools, ofKind(all, "Policy"));
    else if (kind !== "Policy") await applyKind(deps, caller, kind, ofKind<Alone>(all, kind));
    else if (tools.length === 0) await applyPolicies(deps, caller, ofKind(all, "Policy"));
  }
  return { steps };
}

async function desiredBy(deps: ManifestDeps, attackerText: string): Promise<Desired[]> {
  const all = await resolve(deps, parseManifest(attackerText));
  return [...all, ...(await gone(deps, all))];
}

async function stepsOf(deps: ManifestDeps, all: readonly Desired[]): Promise<Step[]> {
  const ordered = KINDS.flatMap((kind) => ofKind<Kind>(all, kind));
  return Promise.all(
    ordered.map(async (desired) =>
      stepOf(desired, await told(desired.declared, () => currentOf(deps, desired))),
    ),
  );
}

/** A kind that is applied in a change of its own. */
type Alone = Exclude<Kind, "Tool" | "Policy">;

async function applyKind(
  deps: ManifestDeps,
  caller: Caller,
  kind: Alone,
  some: readonly DesiredAs<Alone>[],
): Promise<void> {
  if (some.length === 0) return;
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

/** With the policies that are declared beside them, which then decide: each is checked against the other. */
async function applyTools(
  deps: ManifestDeps,
  caller: Caller,
  tools: readonly DesiredAs<"Tool">[],
  policies: readonly DesiredAs<"Policy">[],
): Promise<void> {
  if (tools.length === 0) return;
  await perform(deps, caller, "manifest.apply", async (change) => {
    const offered = await Promise.all(
      tools.map(({ declared, as }) => told(declared, async () => readDefinition(as))),
    );
    const activating = await activatingBeside(deps, change, caller, offered, policies);
    const admission = await admissionOfTools(deps, caller, offered, { activating });
    const names: string[] = [];
    for (const desired of tools) {
      const before = change.steps.length;
      await told(desired.declared, () => putDeclaredTool(deps, change, caller, desired));
      if (change.steps.length > before) names.push(desired.declared.name);
    }
    if (names.length === 0) return;
    admission.guard(change);
    append(change, manifestApplied(deps, caller, {}, { kind: "Tool", names }));
  });
}

/** The policies declared, on record to decide on a catalog with these tools; nothing where none are declared. */
async function activatingBeside(
  deps: ManifestDeps,
  change: Change,
  caller: Caller,
  tools: readonly Tool[],
  policies: readonly DesiredAs<"Policy">[],
) {
  if (policies.length === 0) return undefined;
  const files = await besideActive(
    deps,
    policies.map(({ as }) => as),
  );
  const on = await cedarSchemaWith(deps, tools);
  const head = await activatePolicies(deps, change, caller, files, { kind: "activate", on });
  return { files, head };
}

/** All at once, because they are checked and decide as one set. */
async function applyPolicies(
  deps: ManifestDeps,
  caller: Caller,
  some: readonly DesiredAs<"Policy">[],
): Promise<void> {
  if (some.length === 0) return;
  await putPolicies(
    deps,
    caller,
    some.map((desired) => desired.as),
  );
}

async function put(
  deps: ManifestDeps,
  change: Change,
  caller: Caller,
  desired: DesiredAs<Alone>,
): Promise<unknown> {
  switch (desired.kind) {
    case "Team":
      return putTeam(deps, change, caller, desired.as);
    case "Server":
      return putDeclaredServer(deps, change, caller, desired);
    case "Group":
      return putGroup(deps, change, caller, desired.as);
    case "Agent":
      return putAgent(deps, change, caller, desired);
    case "Artifacts":
      return putArtifacts(deps, change, caller, desired);
    case "Entry":
      return putDeclaredEntry(deps, change, caller, desired);
    case "Platform":
      return declarePlatformWithin(deps, change, caller, desired.as);
    case "PlatformRule":
      return putRule(deps, change, caller, desired);
    case "IdentityProvider":
      return declareProviderWithin(deps, change, caller, desired.as);
    case "Partner":
      return declarePartnerWithin(deps, change, caller, desired.as);
  }
}

/** Policies declared beside it decide later, so it must fit those that decide now. */
async function putDeclaredServer(
  deps: ManifestDeps,
  change: Change,
  caller: Caller,
  { as }: DesiredAs<"Server">,
): Promise<void> {
  const admission = await admissionOfServer(deps, caller, as);
  const before = change.steps.length;
  await putServer(deps, change, caller, as);
  if (change.steps.length > before) admission.guard(change);
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

const putArtifacts = (
  deps: ManifestDeps,
  change: Change,
  caller: Caller,
  { as: { name, artifacts } }: DesiredAs<"Artifacts">,
) => requireWithin(deps, change, caller, { of: { kind: "agent", principal: name }, artifacts });

const putDeclaredEntry = (
  deps: ManifestDeps,
  change: Change,
  caller: Caller,
  { as: { place, said } }: DesiredAs<"Entry">,
) =>
  said === null
    ? removeEntryWithin(deps, change, caller, place)
    : putEntryWithin(deps, change, caller, { place, said });

const putRule = (
  deps: ManifestDeps,
  change: Change,
  caller: Caller,
  { as: { said, ...rule } }: DesiredAs<"PlatformRule">,
): Promise<unknown> =>
  said === null
    ? unbindWithin(deps, change, caller, rule)
    : bindWithin(deps, change, caller, { ...rule, said });

async function putAgent(deps: ManifestDeps, change: Change, caller: Caller, { as }: DesiredAs<"Agent">) {
  if ((await findAgent(deps, as.name)) !== undefined) return changeAgent(deps, change, caller, as);
  const said = Object.entries(as.update).filter(([, value]) => value !== null);
  return addAgent(deps, change, caller, { name: as.name, ...Object.fromEntries(said) } as AgentSaid);
}
