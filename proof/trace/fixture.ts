import { consentHash } from "../consent/index.ts";
import { buildTrace } from "./build-trace.ts";
import {
  agent,
  alice,
  answered,
  called,
  consent,
  consentGiven,
  enrolled,
  event,
  given,
  hour,
  issued,
  marta,
  person,
  receipt,
  refused,
  service,
  start,
  subDelegation,
  task,
} from "./events-fixture.ts";
import { withChildren } from "./principals.ts";
import type { ActionEntry, Trace } from "./trace.ts";
import type { TraceEvent } from "./trace-event.ts";

/** For tests: a small task with real signatures, from the question to its end. */

/** The whole story: a read, a write that is denied, a publication that Marta approves, the end. */
export const story: readonly TraceEvent[] = [
  enrolled("person_alice", alice),
  enrolled("person_marta", marta),
  event(
    0,
    "task.requested",
    person("person_alice"),
    { agent: "planning-agent", person: "person_alice" },
    {
      instruction: "aW5zdHJ1Y3Rpb24",
      purpose: "cHVycG9zZQ",
      started_by: "person",
      agent: "planning-agent",
      grants: given,
      max_depth: 4,
      expires: start + hour,
      deadline: start + 8 * hour,
    },
  ),
  consentGiven(consent),
  event(
    2,
    "task.opened",
    person("person_alice"),
    { agent: "planning-agent", person: "person_alice" },
    {
      edge: "edge_root",
      agent: "planning-agent",
      consent: consentHash(consent),
      expires: start + hour,
      deadline: start + 8 * hour,
    },
  ),
  subDelegation(),
  issued(10, "jti_read", "costs/read"),
  called(11, "jti_read", "costs/read"),
  event(
    12,
    "tool.returned",
    service,
    { agent: "cost-analysis-agent" },
    {
      action: "action_11",
      tool: "costs/read",
      jti: "jti_read",
      service: "service_company",
      outcome: "returned",
    },
  ),
  refused(15, "access-denied", {
    decision: "decision_3",
    action: "call",
    tool: "billing/applyCredit",
    policies: ["cost-write-forbidden"],
    verdict: "deny",
  }),
  event(
    20,
    "approval.requested",
    agent("cost-analysis-agent"),
    { agent: "cost-analysis-agent", person: "person_alice" },
    {
      approval: "approval_1",
      decision: "decision_4",
      action: "call",
      tool: "reports/publish",
      resource: "https://company.example",
      arguments: "YXJncw",
      requirements: ["approval(1 of finance)"],
      lifts: receipt.forbids,
      permits: receipt.permits,
      policy_version: "v1",
      expires: start + hour,
    },
  ),
  ...[21, 26].map((second) =>
    refused(second, second === 21 ? "approval-required" : "authorization-pending", {
      decision: `decision_${second}`,
      action: "call",
      tool: "reports/publish",
      policies: ["external-publication"],
      verdict: "require-approval",
      approval: "approval_1",
    }),
  ),
  answered(),
  issued(31, "jti_publish", "reports/publish", { approval: "approval_1", authority: "approved" }),
  event(
    32,
    "approval.spent",
    service,
    { agent: "cost-analysis-agent" },
    { approval: "approval_1", jti: "jti_publish" },
  ),
  called(33, "jti_publish", "reports/publish", {
    approval: "approval_1",
    receipts: ["receipt_1"],
    authority: "approved",
  }),
  event(
    40,
    "task.closed",
    person("person_alice"),
    { agent: "planning-agent", person: "person_alice" },
    {
      state_before: "active",
    },
  ),
];

/** The story with some of its events replaced by others, or left out. */
export const told = (change: (event: TraceEvent) => TraceEvent | undefined): TraceEvent[] =>
  story.flatMap((each) => change(each) ?? []);

/** The story without the events of a kind. */
export const without = (type: string): TraceEvent[] =>
  told((each) => (each.type === type ? undefined : each));

/** The story with another event for those of a kind. */
export const replacing = (type: string, by: TraceEvent): TraceEvent[] =>
  told((each) => (each.type === type ? by : each));

/** The story with other members in the bodies of a kind. */
export const changing = (type: string, members: { [member: string]: unknown }): TraceEvent[] =>
  told((each) =>
    each.type === type ? ({ ...each, body: { ...(each.body as object), ...members } } as TraceEvent) : each,
  );

/** The story and more. */
export const plus = (...more: TraceEvent[]): TraceEvent[] => [...story, ...more];

/** Every delegation of a trace, wherever it stands. */
export const edgesIn = ({ root, unplaced }: Trace) =>
  [...(root === undefined ? [] : [root]), ...unplaced.edges].flatMap(withChildren);

/** Every call of a trace, wherever it stands. */
export const actionsIn = (trace: Trace): ActionEntry[] =>
  [...edgesIn(trace).flatMap(({ entries }) => entries), ...trace.unplaced.entries].filter(
    (entry) => entry.kind === "action",
  );

/** The right of each action, in the order of time. */
export const rights = (events: readonly TraceEvent[]): string[] =>
  actionsIn(buildTrace(events, task)).map(({ right }) => right);
