import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Fault } from "../lib/index.ts";
import {
  AGENT_STATES,
  AGENT_TRANSITIONS,
  type AgentStatus,
  agentAfter,
  personAfter,
  standingOf,
} from "./lifecycle.ts";

const LEGAL = [
  "registered activate active",
  "registered decommission decommissioned",
  "active suspend suspended",
  "active decommission decommissioned",
  "suspended resume active",
  "suspended decommission decommissioned",
];

test("an agent goes registered -> active <-> suspended -> decommissioned, and nowhere else", () => {
  const found = AGENT_STATES.flatMap((state) =>
    AGENT_TRANSITIONS.flatMap((transition) => {
      try {
        return [`${state} ${transition} ${agentAfter("a", state, transition)}`];
      } catch {
        return [];
      }
    }),
  );
  assert.deepEqual(found.sort(), [...LEGAL].sort());
});

const transitions = fc.array(fc.constantFrom(...AGENT_TRANSITIONS), { maxLength: 20 });

test("whatever is tried in whatever order, an agent is active only after it enrolled, and never after its end", () => {
  fc.assert(
    fc.property(transitions, (tried) => {
      let status: AgentStatus = "registered";
      let enrolled = false;
      let ended = false;
      for (const transition of tried) {
        try {
          status = agentAfter("a", status, transition);
          enrolled ||= transition === "activate";
          ended ||= transition === "decommission";
        } catch (error) {
          assert.ok(error instanceof Fault && error.code === "conflict");
        }
        if (status === "active") assert.ok(enrolled && !ended);
        assert.equal(status === "decommissioned", ended);
      }
    }),
    { numRuns: 300 },
  );
});

test("a transition that is refused says what is possible", () => {
  assert.throws(
    () => agentAfter("reporter", "registered", "resume"),
    (error) =>
      error instanceof Fault &&
      error.code === "conflict" &&
      error.remedy === "Possible now: activate, decommission.",
  );
  assert.throws(
    () => agentAfter("reporter", "decommissioned", "resume"),
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
