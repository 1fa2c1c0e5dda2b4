import { append, conceal, perform } from "../audit/index.ts";
import { catalogVersion, requireCatalog, type SchemaAndDigest } from "../catalog/index.ts";
import type { Change } from "../database/index.ts";
import type { Caller } from "../lib/index.ts";
import { revoke } from "../revocation/index.ts";
import { requireActivatable } from "./activatable.ts";
import { filesReady, readySet } from "./active-set.ts";
import { endBeside } from "./end-beside.ts";
import { policyActivated } from "./events.ts";
import type { PolicyFile, PolicySet } from "./policy.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { policyKey } from "./policy-key.ts";
import { identify } from "./policy-set.ts";
import { requirePublisher } from "./publisher.ts";
import { shippedPolicies } from "./shipped.ts";
import { type Activation, type Head, heads, insertActivation, moveHead, storedSet } from "./store.ts";
import { storeOnce } from "./store-version.ts";

/** The set that decides, and how many have decided here, this one included. */
export interface Activated {
  readonly version: string;
  readonly hash: string;
  readonly number: number;
}

/** How a set is activated. */
export interface Activating {
  /** Why, in the words of the one who does it. The log holds a commitment to it. */
  readonly message?: string | undefined;
  /** Ends every token that was issued under an older set. */
  readonly revokeOlder?: boolean | undefined;
}

/**
 * Adds to a change that these policies decide from now on, and no others. They are checked and made ready
 * before: decisions go on by the old set until this one takes its place, and nothing that the old one decided
 * commits after it. A canary ends. A set that decides already is not activated anew.
 * @param caller a policy publisher, or the server itself
 * @throws Fault `forbidden`; `invalid` with every problem found, tests included
 */
export async function activatePolicies(
  deps: PolicyDeps,
  change: Change,
  caller: Caller,
  files: readonly PolicyFile[],
  activating: Activating & {
    readonly kind: Activation["kind"];
    /** The catalog as the same change makes it; as it is now where nothing is said. */
    readonly on?: SchemaAndDigest;
  } = { kind: "activate" },
): Promise<Activated> {
  requirePublisher(caller);
  // Read first: were a tool pinned meanwhile, the policies were checked on a catalog that is no more.
  const catalog = await catalogVersion(deps);
  await requireActivatable(deps, files, activating.on);
  const identity = identify(files);
  const { active: before, canary, shadow } = await heads(deps.database);
  const why = activating.kind === "rollback" ? "rolled back" : "activated";
  if (canary !== undefined) endBeside(deps, change, caller, "canary", canary, why);
  if (shadow?.version === identity.version) endBeside(deps, change, caller, "shadow", shadow, why);
  const after = await filesReady(deps, files);
  if (before?.version === identity.version && activating.revokeOlder !== true)
    return { ...identity, number: before.number };
  await storeOnce(deps, change, caller, files, activating.message);
  requireCatalog(change, catalog);
  const number = (before?.number ?? 0) + 1;
  const floor = activating.revokeOlder === true ? number : (before?.floor ?? 1);
  moveHead(change, before, identity.version, floor);
  insertActivation(change, {
    number,
    version: identity.version,
    at: deps.clock.now(),
    by: caller.principal,
    kind: activating.kind,
    ...(activating.message === undefined ? {} : { message: activating.message }),
  });
  revokeOlder(deps, change, caller, before, floor);
  const changed = await changedPolicies(deps, before, after);
  const body = { ...identity, number, ...bodyOf(deps, change, activating, before), ...changed };
  append(change, policyActivated(deps, caller, {}, body));
  return { ...identity, number };
}

/** All that was issued under older sets ends in the same change in which the new one begins to decide. */
function revokeOlder(
  deps: PolicyDeps,
  change: Change,
  caller: Caller,
  before: Head | undefined,
  floor: number,
): void {
  const from = before?.floor ?? floor;
  const older = Array.from({ length: floor - from }, (_, index) => policyKey(from + index));
  if (older.length > 0) revoke(deps, change, caller, older, "policies replaced");
}

function bodyOf(
  deps: PolicyDeps,
  change: Change,
  { kind, message, revokeOlder = false }: Activating & { kind: Activation["kind"] },
  before: Head | undefined,
) {
  return {
    ...(before === undefined ? {} : { before: before.version }),
    ...(kind === "rollback" ? { rollback: true as const } : {}),
    ...(message === undefined ? {} : { message: conceal(deps, change, "installation", message) }),
    revoke_older: revokeOlder,
  };
}

const MOST_NAMED = 300;

/** What the log says of a set: what is other than before. The set itself is stored whole. */
async function changedPolicies(deps: PolicyDeps, before: Head | undefined, after: PolicySet) {
  const earlier = before === undefined ? [] : [...(await readySet(deps, before.version)).policies.values()];
  const hashes = new Map(earlier.map(({ id, hash }) => [id, hash]));
  const changed = [...after.policies.values()].filter(({ id, hash }) => hashes.get(id) !== hash);
  const removed = earlier.filter(({ id }) => !after.policies.has(id));
  return {
    policies: after.policies.size,
    changed: changed.slice(0, MOST_NAMED).map(({ id, hash }) => ({ id, hash })),
    removed: removed.slice(0, MOST_NAMED).map(({ id }) => id),
  };
}

/**
 * Puts policies beside those that decide, file by file: one of the same name is replaced, the others stay.
 * @throws Fault as `activatePolicies`
 */
export function putPolicies(
  deps: PolicyDeps,
  caller: Caller,
  files: readonly PolicyFile[],
  activating: Activating = {},
): Promise<Activated> {
  return perform(deps, caller, "policy.activate", async (change) => {
    requirePublisher(caller);
    const whole = await besideActive(deps, files);
    return activatePolicies(deps, change, caller, whole, { ...activating, kind: "activate" });
  });
}

/** The set that comes of putting these files beside those that decide. */
export async function besideActive(deps: PolicyDeps, files: readonly PolicyFile[]): Promise<PolicyFile[]> {
  const put = new Set(files.map(({ name }) => name));
  return [...(await activeFiles(deps)).filter(({ name }) => !put.has(name)), ...files];
}

/** Makes exactly these policies the ones that decide. @throws Fault as `activatePolicies` */
export function replacePolicies(
  deps: PolicyDeps,
  caller: Caller,
  files: readonly PolicyFile[],
  activating: Activating = {},
): Promise<Activated> {
  return perform(deps, caller, "policy.activate", (change) =>
    activatePolicies(deps, change, caller, files, { ...activating, kind: "activate" }),
  );
}

/** On the first start: the shipped policies decide. Later starts change nothing. */
export function installShippedPolicies(deps: PolicyDeps, caller: Caller): Promise<void> {
  return perform(deps, caller, "policy.activate", async (change) => {
    if ((await heads(deps.database)).active !== undefined) return;
    await activatePolicies(deps, change, caller, await shippedPolicies());
  });
}

/** The files that decide now; before any do, those shipped. */
export async function activeFiles(deps: PolicyDeps): Promise<readonly PolicyFile[]> {
  const { active } = await heads(deps.database);
  const stored = active === undefined ? undefined : await storedSet(deps.database, active.version);
  return stored?.files ?? shippedPolicies();
}
