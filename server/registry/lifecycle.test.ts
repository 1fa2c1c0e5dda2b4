import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Fault } from "../lib/index.ts";
import { activated } from "./activate-agent.ts";
import type { Agent } from "./agent.ts";
import { resumed, suspended } from "./agent-transition.ts";
import { mustAttest } from "./attest-again.ts";
import {
  AGENT_STATES,
  AGENT_TRANSITIONS,
  type AgentState,
  type AgentStatus,
  type AgentTransition,
  agentAfter,
  personAfter,
  standingOf,
} from "./lifecycle.ts";

const LEGAL = `
  registered activate active
  registered attest again registered
  registered suspend suspended
  registered decommission decommissioned
  active rest dormant
  active attest again unattested
  active suspend suspended
  active decommission decommissioned
  dormant activate active
  dormant attest again dormant
  dormant resume active
  dormant suspend suspended
  dormant decommission decommissioned
  unattested activate active
  unattested attest again unattested
  unattested suspend suspended
  unattested decommission decommissioned
  suspended attest again suspended
  suspended resume active
  suspended decommission decommissioned`;

const stateAfter = (state: Omit<AgentState, "name">, transition: AgentTransition): AgentStatus =>
  agentAfter({ name: "reporter", ...state }, transition);

test("an agent goes from state to state along these ways, and no others", () => {
  const found = AGENT_STATES.flatMap((status) =>
    AGENT_TRANSITIONS.flatMap((transition) => {
      try {
        return [`${status} ${transition} ${stateAfter({ status }, transition)}`];
      } catch {
        return [];
      }
    }),
  );
  const legal = LEGAL.trim().split("\n");
  assert.deepEqual(found.sort(), legal.map((line) => line.trim()).sort());
});

test("whatever is resumed before it has proven itself waits for that; what people start does not", () => {
  for (const status of ["dormant", "suspended"] as const) {
    assert.equal(stateAfter({ status, unattestedSince: 1 }, "resume"), "unattested");
    assert.equal(stateAfter({ status, unattestedSince: 1, client: {} }, "resume"), "active");
    assert.equal(stateAfter({ status }, "resume"), "active");
  }
});

const transitions = fc.array(fc.constantFrom(...AGENT_TRANSITIONS), { maxLength: 20 });

test("whatever is tried in whatever order, an agent is active only while its last proof stands, and never after its end", () => {
  fc.assert(
    fc.property(transitions, (tried) => {
      let agent = { ...example, status: "registered" } as Agent;
      let proven = false;
      let ended = false;
      for (const transition of tried) {
        try {
          agent = { ...moved(agent, transition) };
          if (transition === "activate") proven = true;
          if (transition === "rest" || transition === "attest again") proven = false;
          ended ||= transition === "decommission";
        } catch (error) {
          assert.ok(error instanceof Fault && error.code === "conflict");
        }
        if (agent.status === "active") assert.ok(proven && !ended);
        assert.equal(agent.status === "decommissioned", ended);
      }
    }),
    { numRuns: 300 },
  );
});

const example = { name: "reporter", epoch: 0 } as Agent;

/** The record after a transition, by the functions that the verbs use. */
function moved(agent: Agent, transition: AgentTransition): Agent {
  if (transition === "activate") return activated(agent);
  if (transition === "attest again") return mustAttest(agent, 1);
  if (transition === "suspend") return suspended(agent, 1);
  if (transition === "resume") return resumed(agent);
  const status = agentAfter(agent, transition);
  return { ...agent, status, ...(transition === "rest" ? { unattestedSince: 1 } : {}) };
}

test("a transition that is refused says what is possible", () => {
  assert.throws(
    () => stateAfter({ status: "unattested" }, "resume"),
    (error) =>
      error instanceof Fault &&
      error.code === "conflict" &&
      error.remedy === "Possible now: activate, attest again, suspend, decommission.",
  );
  assert.throws(
    () => stateAfter({ status: "decommissioned" }, "resume"),
    (error) => error instanceof Fault && error.remedy === "Nothing follows this state; register a new one.",
  );
});

test("who has left does not come back", () => {
  for (const transition of ["suspend", "resume", "depart"] as const) {
    assert.throws(() => personAfter("person_x", "left", transition), Fault);
  }
});

test("expiry ends access in every state, at its very millisecond, and is never undone by a state", () => {
  fc.assert(
    fc.property(fc.constantFrom(...AGENT_STATES), fc.nat(1_000), fc.nat(1_000), (status, expires, now) => {
      const standing = standingOf({ status, expires }, now);
      if (now >= expires) assert.ok(standing === "expired" || standing === "decommissioned");
      else assert.equal(standing, status);
    }),
    { numRuns: 300 },
  );
});
