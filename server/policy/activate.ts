import { append, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import { checkPolicies, isRefused } from "./check.ts";
import { policyActivated } from "./events.ts";
import type { PolicyFile, Problem } from "./policy.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { identify, inOrder } from "./policy-set.ts";
import { readPolicies } from "./read-policies.ts";
import { shippedPolicies } from "./shipped.ts";
import { type Head, head, insertSet, moveHead, storedSet } from "./store.ts";

/** The set that decides, and how many have decided here, this one included. */
export interface Activated {
  readonly version: string;
  readonly hash: string;
  readonly number: number;
}

/**
 * Adds to a change that these policies decide from now on, and no others. A set that decides already
 * changes nothing.
 * @param caller an administrator, or the server itself
 * @throws Fault `forbidden`; `invalid` with every problem found, tests included
 */
export async function activatePolicies(
  deps: PolicyDeps,
  change: Change,
  caller: Caller,
  files: readonly PolicyFile[],
): Promise<Activated> {
  refuseOthers(caller);
  refuseProblems(await checkPolicies(deps, files));
  const identity = identify(files);
  const before = await head(deps.database);
  if (before?.version === identity.version) return { ...identity, number: before.number };
  if ((await storedSet(deps.database, identity.version)) === undefined) {
    insertSet(change, { ...identity, author: caller.principal, at: deps.clock.now(), files: inOrder(files) });
  }
  moveHead(change, before, identity.version);
  const activated = { ...identity, number: (before?.number ?? 0) + 1 };
  append(change, policyActivated(deps, caller, {}, activation(activated, before, files)));
  return activated;
}

/**
 * Puts policies beside those that decide, file by file: one of the same name is replaced, the others stay.
 * @throws Fault as `activatePolicies`
 */
export function putPolicies(
  deps: PolicyDeps,
  caller: Caller,
  files: readonly PolicyFile[],
): Promise<Activated> {
  return perform(deps, caller, "policy.activate", async (change) => {
    const put = new Set(files.map(({ name }) => name));
    const active = await activeFiles(deps);
    const kept = active.filter(({ name }) => !put.has(name));
    return activatePolicies(deps, change, caller, [...kept, ...files]);
  });
}

/** Makes exactly these policies the ones that decide. @throws Fault as `activatePolicies` */
export function replacePolicies(
  deps: PolicyDeps,
  caller: Caller,
  files: readonly PolicyFile[],
): Promise<Activated> {
  return perform(deps, caller, "policy.activate", (change) => activatePolicies(deps, change, caller, files));
}

/** On the first start: the shipped policies decide. Later starts change nothing. */
export function installShippedPolicies(deps: PolicyDeps, caller: Caller): Promise<void> {
  return perform(deps, caller, "policy.activate", async (change) => {
    if ((await head(deps.database)) !== undefined) return;
    await activatePolicies(deps, change, caller, await shippedPolicies());
  });
}

/** The files that decide now; before any do, those shipped. */
async function activeFiles(deps: PolicyDeps): Promise<readonly PolicyFile[]> {
  const active = await head(deps.database);
  const stored = active === undefined ? undefined : await storedSet(deps.database, active.version);
  return stored?.files ?? shippedPolicies();
}

function refuseOthers(caller: Caller): void {
  if (caller.kind === "system" || caller.roles.includes("administrator")) return;
  throw new Fault("forbidden", "Only an administrator can change what is allowed.");
}

function refuseProblems(problems: readonly Problem[]): void {
  if (!isRefused(problems)) return;
  const errors = problems.filter(({ severity }) => severity === "error");
  const [first] = errors;
  throw new Fault(
    "invalid",
    `These policies cannot be activated: ${first?.file}:${first?.line}: ${first?.message}`,
    {
      remedy: "Mend what is listed; the policies that decided before still do.",
      members: { problems },
      record: { problems: errors.length },
    },
  );
}

function activation(activated: Activated, before: Head | undefined, files: readonly PolicyFile[]) {
  const policies = inOrder(files).flatMap((file) => readPolicies(file).policies);
  return {
    ...activated,
    ...(before === undefined ? {} : { before: before.version }),
    policies: policies.map(({ id, hash }) => ({ id, hash })),
  };
}
