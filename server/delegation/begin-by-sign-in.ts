import { consentHash } from "@countersign/proof/consent";
import type { Grant } from "@countersign/proof/grant";
import type { Json } from "@countersign/proof/jcs";
import { append, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, hours, type Id } from "../lib/index.ts";
import { type Agent, type Person, requireActiveAgent, requireActivePerson } from "../registry/index.ts";
import { revoke } from "../revocation/index.ts";
import { consentTo } from "./consent.ts";
import type { Delegation } from "./delegation.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { consentGiven, taskClosed } from "./events.ts";
import { begin } from "./give-consent.ts";
import { addTask, requireGiveable } from "./open-task.ts";
import { restsOfHolder } from "./rests.ts";
import type { SignIn } from "./sign-in.ts";
import { findTask, insertConsent, moveTask } from "./store.ts";
import { otherOpenTasks } from "./store-workers.ts";
import { aboutTask, type Task } from "./task.ts";

/** What a company sign-in begins lasts no longer; she signs in again. */
const LONGEST = hours(1);

export interface SignedIn {
  readonly person: Person;
  readonly agent: Agent;
  /** The running copy that brought the assertion. */
  readonly instance: string;
  /** What she gives: at most what she and the agent have. */
  readonly grants: readonly Grant[];
  readonly signIn: SignIn;
  /** What shows that she signed in: never the assertion itself, which is a credential. */
  readonly evidence: { readonly issuer: string; readonly jti: string; readonly assertion: string };
}

/**
 * Begins a task on the word of the company's sign-in, in the caller's change: the task, a consent of the
 * weaker kind, and the person's delegation to the agent. A copy that serves one task at a time leaves the one
 * that the same person's last sign-in began.
 * @throws Fault `denied` when she, or the agent's ceiling, does not have what is given
 */
export async function beginBySignIn(
  deps: DelegationDeps,
  change: Change,
  caller: Caller,
  given: SignedIn,
): Promise<{ task: Task; edge: Delegation }> {
  const { person, agent, grants, signIn } = given;
  await requireGiveable(deps, person, agent, grants);
  requireActivePerson(change, person);
  requireActiveAgent(deps, change, agent);
  await endFormer(deps, change, caller, given);
  const task = addTask(deps, change, caller, {
    person: person.id,
    startedBy: { kind: "person", principal: person.id },
    agent: agent.name,
    grants,
    instruction: `Work for me, as I signed in by ${signIn.provider}.`,
    purpose: `signed in by ${signIn.provider}`,
    expiresIn: LONGEST,
    deadlineIn: LONGEST,
    planned: { runbook: undefined, plan: undefined },
    signIn,
  });
  const consent = keepWeakConsent(deps, change, caller, task, given);
  const rests = [signIn.key, ...(await restsOfHolder(deps, agent, person))];
  return begin(deps, change, caller, { task, consent, rests });
}

function keepWeakConsent(
  deps: DelegationDeps,
  change: Change,
  caller: Caller,
  task: Task,
  { signIn, evidence }: SignedIn,
): string {
  const consent = consentTo(task, deps.trustDomain);
  const hash = consentHash(consent);
  const shown = { provider: signIn.provider, ...evidence };
  insertConsent(change, {
    task: task.id,
    hash,
    object: consent as unknown as Json,
    credential: `company-sign-in:${signIn.provider}`,
    evidence: shown,
    givenAt: deps.clock.now(),
  });
  append(
    change,
    consentGiven(deps, caller, aboutTask(task), {
      kind: "company-sign-in",
      consent: { ...consent },
      hash,
      sign_in: {
        ...shown,
        ...(signIn.acr === undefined ? {} : { acr: signIn.acr }),
        ...(signIn.authTime === undefined ? {} : { auth_time: signIn.authTime }),
      },
    }),
  );
  return hash;
}

async function endFormer(
  deps: DelegationDeps,
  change: Change,
  caller: Caller,
  { person, agent, instance }: SignedIn,
): Promise<void> {
  if (agent.delegation.shared === true) return;
  const [id] = await otherOpenTasks(deps.database, { task: "", instance }, deps.clock.now());
  const former = id === undefined ? undefined : await findTask(deps.database, id);
  if (former?.signIn === undefined || former.person !== person.id || former.agent !== agent.name) return;
  end(deps, change, caller, former, "signed in anew");
}

/** Ends what a sign-in began where nothing was given on it: a refusal leaves nothing in force. */
export function endUnused(deps: DelegationDeps, caller: Caller, id: Id<"task">): Promise<void> {
  return perform(deps, caller, "assertion.accept", async (change) => {
    const task = await findTask(deps.database, id);
    if (task?.signIn !== undefined && task.state === "active")
      end(deps, change, caller, task, "nothing given on the sign-in");
  });
}

function end(deps: DelegationDeps, change: Change, caller: Caller, task: Task, why: string): void {
  moveTask(change, task, { state: "closed", endedAt: deps.clock.now() });
  revoke(deps, change, caller, [`task:${task.id}`], why);
  append(change, taskClosed(deps, caller, aboutTask(task), { state_before: task.state }));
}
