import { Fault } from "../lib/index.ts";

/** The states of an agent's record. Expiry is no state: it is the time, and it ends access in every state. */
export const AGENT_STATES = ["registered", "active", "suspended", "decommissioned"] as const;
export type AgentStatus = (typeof AGENT_STATES)[number];

/** What can be done to an agent's state. `activate` is its first enrolment. */
export const AGENT_TRANSITIONS = ["activate", "suspend", "resume", "decommission"] as const;
export type AgentTransition = (typeof AGENT_TRANSITIONS)[number];

const AGENT_TABLE: Record<AgentStatus, Partial<Record<AgentTransition, AgentStatus>>> = {
  registered: { activate: "active", decommission: "decommissioned" },
  active: { suspend: "suspended", decommission: "decommissioned" },
  suspended: { resume: "active", decommission: "decommissioned" },
  decommissioned: {},
};

export type PersonStatus = "active" | "suspended" | "left";
export type PersonTransition = "suspend" | "resume" | "depart";

const PERSON_TABLE: Record<PersonStatus, Partial<Record<PersonTransition, PersonStatus>>> = {
  active: { suspend: "suspended", depart: "left" },
  suspended: { resume: "active", depart: "left" },
  left: {},
};

/**
 * The state an agent is in after a transition.
 * @throws Fault `conflict` when the table has no such transition; it says what is possible instead
 */
export const agentAfter = (name: string, status: AgentStatus, transition: AgentTransition): AgentStatus =>
  AGENT_TABLE[status][transition] ??
  refuse(`agent ${name}`, status, transition, Object.keys(AGENT_TABLE[status]));

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

/** How an agent stands: its state, or `expired` once its time is over, whatever its state says. */
export type Standing = AgentStatus | "expired";

/** @param now milliseconds since the epoch; an agent expires when now reaches `expires` */
export function standingOf(
  agent: { status: AgentStatus; expires?: number | undefined },
  now: number,
): Standing {
  const over = agent.expires !== undefined && now >= agent.expires;
  return over && agent.status !== "decommissioned" ? "expired" : agent.status;
}
