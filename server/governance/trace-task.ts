import { buildTrace, principalsIn, type Trace, type TraceEvent } from "@countersign/proof/trace";
import { type Caller, Fault } from "../lib/index.ts";
import { findAgent, findPerson, findService } from "../registry/index.ts";
import type { GovernanceDeps } from "./governance-deps.ts";
import { MOST_EVENTS, readEvents } from "./read-events.ts";

export interface TracedTask {
  readonly trace: Trace;
  /** The display names of the people and services in it, by their ids. */
  readonly names: Record<string, string>;
}

/** The kinds of event whose subject signed something with a passkey. */
const SIGNED = new Set(["consent.given", "approval.answered"]);

/**
 * The action-to-identity trace of a task, made from its events. For the person behind the task, whoever owns
 * an agent in it, auditors and administrators.
 * @param most how many events it may be made from
 * @throws Fault `not-found`, also for everybody else; `too-large` for a task of more events
 */
export async function traceTask(
  deps: GovernanceDeps,
  caller: Caller,
  { task, most = MOST_EVENTS }: { task: string; most?: number },
): Promise<TracedTask> {
  await requireVisible(deps, caller, task);
  const events = await readEvents(deps, { task }, most);
  const trace = buildTrace([...events, ...(await passkeysOf(deps, events))], task);
  return { trace, names: await namesIn(deps, trace) };
}

/** Whose task it is and which agents are in it, is read from the events that the verbs themselves wrote. */
async function requireVisible(deps: GovernanceDeps, caller: Caller, task: string): Promise<void> {
  const [requested] = await readEvents(deps, { task, type: "task.requested" });
  if (requested === undefined) throw noSuchTask();
  if (caller.kind === "person") {
    const isOverseer = caller.roles.includes("auditor") || caller.roles.includes("administrator");
    if (isOverseer || requested.about.person === caller.principal) return;
    if (await ownsAgentIn(deps, caller, requested, task)) return;
  }
  throw noSuchTask(requested.about);
}

async function ownsAgentIn(
  deps: GovernanceDeps,
  caller: Caller,
  requested: TraceEvent,
  task: string,
): Promise<boolean> {
  const delegations = await readEvents(deps, { task, type: "delegation.extended" });
  const receivers = delegations.map(({ body }) => (body as { to: string }).to);
  const first = (requested.body as { agent: string }).agent;
  for (const name of new Set([first, ...receivers])) {
    const agent = await findAgent(deps, name);
    if (agent?.owner === caller.principal) return true;
  }
  return false;
}

/** With their passkeys, what people signed can be verified here as it can be anywhere. */
async function passkeysOf(deps: GovernanceDeps, events: readonly TraceEvent[]): Promise<TraceEvent[]> {
  const signers = new Set(events.filter(({ type }) => SIGNED.has(type)).map(({ actor }) => actor.principal));
  const passkeys: TraceEvent[] = [];
  for (const person of signers) {
    passkeys.push(...(await readEvents(deps, { person, type: "passkey.enrolled" })));
  }
  return passkeys;
}

async function namesIn(deps: GovernanceDeps, trace: Trace): Promise<Record<string, string>> {
  const names: Record<string, string> = {};
  for (const id of principalsIn(trace)) {
    const named = (await findPerson(deps, id)) ?? (await findService(deps, id));
    if (named !== undefined) names[id] = named.name;
  }
  return names;
}

/** Strangers do not learn which tasks there are; the log learns who asked. */
const noSuchTask = (about?: TraceEvent["about"]): Fault =>
  new Fault("not-found", "There is no such task.", {
    remedy: "Check its id.",
    ...(about === undefined ? {} : { record: { about } }),
  });
