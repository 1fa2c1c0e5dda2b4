import { type Consent, consentHash } from "@countersign/proof/consent";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { append, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault, newId } from "../lib/index.ts";
import { type Assertion, type AssertionResponse, verifyAssertion } from "../login/index.ts";
import { aliveAgent, alivePerson, requireActiveAgent, requireActivePerson } from "../registry/index.ts";
import { requireAlive } from "../revocation/index.ts";
import { consentTo } from "./consent.ts";
import type { Delegation } from "./delegation.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { consentGiven, consentRefused, taskOpened } from "./events.ts";
import { personalTask } from "./find-task.ts";
import { requireGiveable } from "./open-task.ts";
import { restsOfHolder } from "./rests.ts";
import { insertConsent, moveTask } from "./store.ts";
import { insertDelegation } from "./store-delegations.ts";
import { aboutTask, requireAwaiting, rootOf, type Task } from "./task.ts";

/**
 * Takes a person's consent: her passkey's signature over the hash of the canonical object, which is made
 * here from what is on record, never taken from the request. With it the task begins and her delegation to
 * its agent is in force.
 * @param input.consent the object as she was shown it
 * @param input.response the authenticator's answer, as the browser returned it
 * @throws Fault `not-found` for anybody else's task; `unauthenticated` when the signature does not hold for
 *   exactly this; `denied` when she no longer has it to give; `conflict`, `gone` when it is not waiting, or not
 *   as she was shown it
 */
export function giveConsent(
  deps: DelegationDeps,
  caller: Caller,
  input: { task: string; consent: Json; response: AssertionResponse },
): Promise<{ task: Task; edge: Delegation }> {
  return perform(deps, caller, "consent.give", async (change) => {
    const task = await personalTask(deps, caller, input.task);
    requireAwaiting(task, deps.clock.now());
    const rests = await requireStillGiveable(deps, change, task);
    const consent = consentTo(task, deps.trustDomain);
    requireAsShown(consent, input.consent);
    const hash = consentHash(consent);
    const evidence = await verifyAssertion(deps, change, {
      person: task.person,
      challenge: hash,
      response: input.response,
    });
    keepConsent(deps, change, { task, hash, object: consent as unknown as Json, evidence });
    const { credential, ...assertion } = evidence;
    append(
      change,
      consentGiven(deps, caller, aboutTask(task), { consent: { ...consent }, hash, credential, assertion }),
    );
    return begin(deps, change, caller, { task, consent: hash, rests });
  });
}

/**
 * The person says no: the task ends before it began.
 * @throws Fault `not-found` for anybody else's task; `conflict`, `gone` when it is not waiting
 */
export function refuseConsent(deps: DelegationDeps, caller: Caller, input: { task: string }): Promise<Task> {
  return perform(deps, caller, "consent.refuse", async (change) => {
    const task = await personalTask(deps, caller, input.task);
    const now = deps.clock.now();
    requireAwaiting(task, now);
    moveTask(change, task, { state: "refused", endedAt: now });
    append(change, consentRefused(deps, caller, aboutTask(task), {}));
    return { ...task, state: "refused", endedAt: now };
  });
}

/**
 * Between asking and signing she may have lost what she was to give, or the agent its ceiling.
 * @returns what her delegation rests on
 */
async function requireStillGiveable(deps: DelegationDeps, change: Change, task: Task): Promise<string[]> {
  const [person, agent] = await Promise.all([alivePerson(deps, task.person), aliveAgent(deps, task.agent)]);
  await requireGiveable(deps, person, agent, task.grants);
  requireActivePerson(change, person);
  requireActiveAgent(deps, change, agent);
  return restsOfHolder(deps, agent, person);
}

function requireAsShown(consent: Consent, attackerShown: Json): void {
  if (canonicalize(attackerShown) === canonicalize(consent as unknown as Json)) return;
  throw new Fault("conflict", "What you were shown is not what is on record for this task.", {
    remedy: "Open the task again, and look before you sign.",
  });
}

function keepConsent(
  deps: DelegationDeps,
  change: Change,
  given: { task: Task; hash: string; object: Json; evidence: Assertion },
): void {
  insertConsent(change, {
    task: given.task.id,
    hash: given.hash,
    object: given.object,
    credential: given.evidence.credential,
    evidence: { ...given.evidence },
    givenAt: deps.clock.now(),
  });
}

interface Beginning {
  readonly task: Task;
  /** Hash of her consent; none where no person asked. */
  readonly consent?: string;
  /** Dead keys by which the delegation ends besides its own. */
  readonly rests: readonly string[];
}

/**
 * The task is at work from now on, and the delegation at its root in force: the person's, with her consent, or
 * where nobody asked the agent's own.
 */
export function begin(
  deps: DelegationDeps,
  change: Change,
  caller: Caller,
  { task, consent, rests }: Beginning,
): { task: Task; edge: Delegation } {
  const id = newId(deps, "edge");
  const edge: Delegation = {
    id,
    task: task.id,
    path: [id],
    from: rootOf(task),
    to: task.agent,
    grants: task.grants,
    depth: 1,
    expires: task.expires,
    madeAt: deps.clock.now(),
    rests,
  };
  const given = consent === undefined ? {} : { consent };
  requireAlive(change, rests);
  moveTask(change, task, { state: "active", ...given });
  insertDelegation(change, edge);
  const { agent, expires, deadline } = task;
  append(change, taskOpened(deps, caller, aboutTask(task), { edge: id, agent, ...given, expires, deadline }));
  return { task: { ...task, state: "active", ...given }, edge };
}
