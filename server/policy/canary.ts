import { createHash } from "node:crypto";
import { append, perform } from "../audit/index.ts";
import { catalogVersion, requireCatalog } from "../catalog/index.ts";
import { type Caller, Fault, newId } from "../lib/index.ts";
import { requireActivatable } from "./activatable.ts";
import { filesReady } from "./active-set.ts";
import { endBeside } from "./end-beside.ts";
import { canaryStarted } from "./events.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { requirePublisher } from "./publisher.ts";
import { nothingDecides } from "./shadow.ts";
import { type Canary, heads, insertBeside } from "./store.ts";
import { storeOnce } from "./store-version.ts";
import { filesOf, type Which } from "./which-set.ts";

/**
 * Has a set decide for a share of the tasks, in place of the one that decides for all others. It ends when it
 * is stopped, or when any set is activated.
 * @param share per cent of the tasks, 1 to 99; which tasks is a matter of their ids alone
 * @throws Fault `forbidden`; `not-found`; `invalid` with every problem, tests included; `conflict` while nothing
 *   decides or another canary goes on
 */
export function startCanary(
  deps: PolicyDeps,
  caller: Caller,
  { which, share }: { which: Which; share: number },
): Promise<Canary> {
  return perform(deps, caller, "policy.canary", async (change) => {
    requirePublisher(caller);
    const { active, canary: other } = await heads(deps.database);
    if (active === undefined) throw nothingDecides();
    if (other !== undefined) throw anotherGoesOn();
    const files = await filesOf(deps, which);
    const catalog = await catalogVersion(deps);
    await requireActivatable(deps, files);
    requireCatalog(change, catalog);
    const { version } = await storeOnce(deps, change, caller, files, undefined);
    await filesReady(deps, files);
    const by = { by: caller.principal, at: deps.clock.now() };
    const canary = { id: newId(deps, "policy"), version, number: active.number, share, ...by };
    insertBeside(change, { name: "canary", ...canary });
    const { id } = canary;
    append(change, canaryStarted(deps, caller, {}, { id, version, share, beside: active.version }));
    return canary;
  });
}

/** All tasks are decided by the one set again. @throws Fault `forbidden`; `not-found` without a canary */
export function stopCanary(deps: PolicyDeps, caller: Caller): Promise<Canary> {
  return perform(deps, caller, "policy.canary", async (change) => {
    requirePublisher(caller);
    const { canary } = await heads(deps.database);
    if (canary === undefined) throw new Fault("not-found", "There is no canary.");
    endBeside(deps, change, caller, "canary", canary, "stopped");
    return canary;
  });
}

const anotherGoesOn = (): Fault =>
  new Fault("conflict", "Another canary goes on.", { remedy: "Stop it, or activate a set." });

const BUCKETS = 10_000;

/**
 * Whether a canary decides for a task: the same for as long as both exist, in every process. What belongs to
 * no task is never the canary's.
 */
export function isInCanary({ id, share }: Pick<Canary, "id" | "share">, task: string): boolean {
  const digest = createHash("sha256").update(`${id} ${task}`).digest();
  return digest.readUInt32BE(0) % BUCKETS < share * (BUCKETS / 100);
}
