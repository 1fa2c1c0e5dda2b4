import { append, perform } from "../audit/index.ts";
import { type Caller, Fault, hours, newId, system } from "../lib/index.ts";
import { observingEnded, policyObserving } from "./events.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { requirePublisher } from "./publisher.ts";
import { nothingDecides } from "./shadow.ts";
import { deleteBeside, heads, insertBeside, markTold, type Observing } from "./store.ts";
import type { Verdict } from "./verdict.ts";

const DAY = hours(24);
/** Longer than this nobody remembers that nothing is refused. */
const LONGEST = 30 * DAY;

/**
 * From now on policies are decided and recorded, and refuse nothing that the chain of authority covers, until
 * a date. Loud: an alarm now and each day, and a word in every answer.
 * @param until milliseconds since the epoch, at most 30 days ahead
 * @throws Fault `forbidden`; `invalid` for a time that is past or too far; `conflict` while policies are
 *   observed already, or nothing decides
 */
export function startObserving(deps: PolicyDeps, caller: Caller, until: number): Promise<Observing> {
  return perform(deps, caller, "policy.observe", async (change) => {
    requirePublisher(caller);
    const now = deps.clock.now();
    if (until <= now || until > now + LONGEST) throw tooFar();
    const { active, observe: before } = await heads(deps.database);
    if (active === undefined) throw nothingDecides();
    if (before !== undefined && now < before.until) throw observedAlready(before);
    if (before !== undefined) deleteBeside(change, "observe", before.id);
    const observing = { id: newId(deps, "policy"), until, told: now, by: caller.principal, at: now };
    insertBeside(change, { name: "observe", version: "", number: active.number, ...observing });
    const { id } = observing;
    append(change, policyObserving(deps, caller, {}, { id, until }));
    return observing;
  });
}

/** Policies refuse again, before the date. @throws Fault `forbidden`; `not-found` where they do */
export function stopObserving(deps: PolicyDeps, caller: Caller): Promise<void> {
  return perform(deps, caller, "policy.observe", async (change) => {
    requirePublisher(caller);
    const { observe } = await heads(deps.database);
    if (observe === undefined) throw new Fault("not-found", "Policies are not just observed: they refuse.");
    deleteBeside(change, "observe", observe.id);
    const { id, until } = observe;
    append(change, observingEnded(deps, caller, {}, { id, until, why: "stopped" }));
  });
}

/** Until when policies refuse nothing; nothing where they do. */
export async function observedNow(deps: PolicyDeps): Promise<Observing | undefined> {
  const { observe } = await heads(deps.database);
  return observe !== undefined && deps.clock.now() < observe.until ? observe : undefined;
}

/** Tells the log anew each day, and once more when it is over: to be run now and then, in every process. */
export function tellOfObserving(deps: PolicyDeps): Promise<void> {
  return perform(deps, system, "policy.observe", async (change) => {
    const { observe } = await heads(deps.database);
    if (observe === undefined) return;
    const { id, until, told } = observe;
    const now = deps.clock.now();
    if (now >= until) {
      deleteBeside(change, "observe", id);
      append(change, observingEnded(deps, system, {}, { id, until, why: "over" }));
    } else if (now >= told + DAY) {
      markTold(change, observe, now);
      append(change, policyObserving(deps, system, {}, { id, until }));
    }
  });
}

/** At start-up: the operator must not find out by chance. */
export async function warnOfObserving(deps: PolicyDeps): Promise<void> {
  const observe = await observedNow(deps);
  if (observe === undefined) return;
  const until = new Date(observe.until).toISOString();
  deps.log.warn({ until }, "policies are only observed: nothing that they would refuse is refused");
}

/** These are not policy's word: what the chain does not cover, or nobody has pinned, is refused in any case. */
const NOT_POLICY: ReadonlySet<string> = new Set(["authority-not-covered", "no-policy", "unknown-action"]);

/** Whether a refusal is one that observing lets pass. */
export const isPolicyAlone = (verdict: Verdict): boolean =>
  "reasons" in verdict && !verdict.reasons.some(({ policy }) => NOT_POLICY.has(policy));

const tooFar = (): Fault =>
  new Fault("invalid", "Policies can be observed until a time within the next 30 days.", {
    remedy: "Name such a time, and do it again when it has come.",
  });

const observedAlready = ({ until }: Observing): Fault =>
  new Fault("conflict", `Policies are observed already, until ${new Date(until).toISOString()}.`, {
    remedy: "End that first.",
  });
