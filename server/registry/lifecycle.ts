import { Fault } from "../lib/index.ts";

/**
 * The states of an agent's record. Only `active` has access. Expiry is no state: it is the time, and it ends access
 * in every state; so is the end of an orphan's grace.
 * - `registered`: nobody has proven to be it yet
 * - `dormant`: it was silent for too long
 * - `unattested`: something that it is made of was declared anew, and nobody has proven to be that yet
 */
export const AGENT_STATES = [
  "registered",
  "active",
  "dormant",
  "unattested",
  "suspended",
  "decommissioned",
] as const;
export type AgentStatus = (typeof AGENT_STATES)[number];

/** What can be done to an agent's state. `activate` is what an enrolment or an attestation does. */
export const AGENT_TRANSITIONS = [
  "activate",
  "rest",
  "attest again",
  "suspend",
  "resume",
  "decommission",
] as const;
export type AgentTransition = (typeof AGENT_TRANSITIONS)[number];

const ALWAYS = { suspend: "suspended", decommission: "decommissioned" } as const;

const AGENT_TABLE: Record<AgentStatus, Partial<Record<AgentTransition, AgentStatus>>> = {
  registered: { activate: "active", "attest again": "registered", ...ALWAYS },
  active: { rest: "dormant", "attest again": "unattested", ...ALWAYS },
  dormant: { activate: "active", "attest again": "dormant", resume: "active", ...ALWAYS },
  unattested: { activate: "active", "attest again": "unattested", ...ALWAYS },
  suspended: { "attest again": "suspended", resume: "active", decommission: "decommissioned" },
  decommissioned: {},
};

export type PersonStatus = "active" | "suspended" | "left";
export type PersonTransition = "suspend" | "resume" | "depart";

const PERSON_TABLE: Record<PersonStatus, Partial<Record<PersonTransition, PersonStatus>>> = {
  active: { suspend: "suspended", depart: "left" },
  suspended: { resume: "active", depart: "left" },
  left: {},
};

/** What of an agent's record says which state follows. */
export interface AgentState {
  readonly name: string;
  readonly status: AgentStatus;
  /** Since when nobody has proven to be it as it is declared; absent while somebody has. */
  readonly unattestedSince?: number;
  /** Present where people start it: each of them proves it anew, so there is nothing that it could enrol. */
  readonly client?: object;
}

/**
 * The state an agent is in after a transition. Whatever is resumed proves itself first, where it must.
 * @throws Fault `conflict` when the table has no such transition; it says what is possible instead
 */
export function agentAfter(agent: AgentState, transition: AgentTransition): AgentStatus {
  const { name, status, unattestedSince, client } = agent;
  const next = AGENT_TABLE[status][transition];
  if (next === undefined) refuse(`agent ${name}`, status, transition, Object.keys(AGENT_TABLE[status]));
  const unproven = unattestedSince !== undefined && client === undefined;
  return transition === "resume" && unproven ? "unattested" : next;
}

/**
 * The state a person is in after a transition.
 * @throws Fault `conflict` as for agents
 */
export const personAfter = (id: string, status: PersonStatus, transition: PersonTransition): PersonStatus =>
  PERSON_TABLE[status][transition] ??
  refuse(`person ${id}`, status, transition, Object.keys(PERSON_TABLE[status]));

function refuse(who: string, status: string, transition: string, possible: string[]): never {
  throw new Fault("conflict", `The ${who} is ${status}, so it cannot ${transition}.`, {
    remedy:
      possible.length === 0
        ? "Nothing follows this state; register a new one."
        : `Possible now: ${possible.join(", ")}.`,
  });
}

/**
 * How an agent stands: its state; or `expired` once its time is over, or `orphaned` once its grace is, whatever its
 * state says.
 */
export const STANDINGS = [...AGENT_STATES, "expired", "orphaned"] as const;
export type Standing = (typeof STANDINGS)[number];

/** @param now milliseconds since the epoch; an agent expires when now reaches `expires`, its grace likewise */
export function standingOf(
  agent: { status: AgentStatus; expires?: number | undefined; graceEnds?: number | undefined },
  now: number,
): Standing {
  const { status, expires, graceEnds } = agent;
  if (status === "decommissioned") return status;
  if (expires !== undefined && now >= expires) return "expired";
  return graceEnds !== undefined && now >= graceEnds && status !== "suspended" ? "orphaned" : status;
}

/** When an agent loses its access by itself, in milliseconds since the epoch; for ever, where nothing says so. */
export const endOf = (agent: { expires?: number | undefined; graceEnds?: number | undefined }): number =>
  Math.min(agent.expires ?? Number.POSITIVE_INFINITY, agent.graceEnds ?? Number.POSITIVE_INFINITY);
