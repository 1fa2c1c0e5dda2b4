import { z } from "zod";
import { declareEvent, type EventKind } from "../audit/index.ts";

const grants = z.array(z.record(z.string(), z.unknown()));

const begun = z.object({
  instruction: z.string(),
  purpose: z.string(),
  started_by: z.string(),
  through: z.string().optional(),
  on: z.string().optional(),
  agent: z.string(),
  grants,
  max_depth: z.int(),
  expires: z.int(),
  deadline: z.int(),
  incident: z.object({ id: z.string(), severity: z.string() }).optional(),
  runbook: z.object({ name: z.string(), digest: z.string() }).optional(),
  plan: z
    .object({ hash: z.string(), steps: z.array(z.string()), ordered: z.boolean(), on_drift: z.string() })
    .optional(),
  break_glass: z.boolean().optional(),
});

export const taskRequested = declareEvent(
  "task.requested",
  "A task was opened and waits for its person's consent.",
  begun,
);

export const taskStarted = declareEvent(
  "task.started",
  "An agent, a schedule or an event started a task on the agent's standing authority: no person asked for it.",
  begun,
);

export const taskBreakGlass = declareEvent(
  "task.break-glass",
  "A person opened a task in an emergency, by which policies may let pass what they otherwise would not.",
  z.object({
    instruction: z.string(),
    purpose: z.string(),
    agent: z.string(),
    identifiers: z.array(z.string()),
    deadline: z.int(),
    incident: z.object({ id: z.string(), severity: z.string() }).optional(),
    runbook: z.object({ name: z.string(), digest: z.string() }).optional(),
  }),
  "alarm",
);

export const runbookApproved = declareEvent(
  "runbook.approved",
  "An administrator approved a plan of tools with which tasks can be opened.",
  z.object({
    runbook: z.string(),
    digest: z.string(),
    steps: z.array(z.string()),
    replaces: z.string().optional(),
  }),
);

export const consentGiven = declareEvent(
  "consent.given",
  "A person signed the canonical object of a task's first delegation, or the company's sign-in vouched for her.",
  z.object({
    /** The weaker kind is named; nothing is said of a passkey's. */
    kind: z.literal("company-sign-in").optional(),
    consent: z.record(z.string(), z.unknown()),
    hash: z.string(),
    credential: z.string().optional(),
    assertion: z
      .object({ authenticatorData: z.string(), clientDataJSON: z.string(), signature: z.string() })
      .optional(),
    sign_in: z
      .object({
        provider: z.string(),
        issuer: z.string(),
        jti: z.string(),
        /** base64url SHA-256 of the assertion. */
        assertion: z.string(),
        acr: z.string().optional(),
        auth_time: z.int().optional(),
      })
      .optional(),
  }),
);

export const consentRefused = declareEvent(
  "consent.refused",
  "A person refused a task that was to be done for her; it has ended.",
  z.object({}),
);

export const taskOpened = declareEvent(
  "task.opened",
  "A task began: the first delegation is in force, by its person's consent where one is named.",
  z.object({
    edge: z.string(),
    agent: z.string(),
    consent: z.string().optional(),
    expires: z.int(),
    deadline: z.int(),
  }),
);

export const delegationExtended = declareEvent(
  "delegation.extended",
  "An agent passed part of its authority for a task on to another agent.",
  z.object({
    edge: z.string(),
    parent: z.string(),
    from: z.string(),
    to: z.string(),
    grants,
    depth: z.int(),
    /** The depth that nothing below may pass, where the warrant that it was passed on by says so. */
    max_depth: z.int().optional(),
    expires: z.int(),
    purpose: z.string(),
    chain_hash: z.string(),
    decision: z.string(),
    policies: z.array(z.string()),
    policy_version: z.string(),
    receipts: z.array(z.string()),
    approval: z.string().optional(),
  }),
);

export const delegationEnded = declareEvent(
  "delegation.ended",
  "A delegation was ended before its time, and with it all that hung on it.",
  z.object({
    edge: z.string(),
    from: z.string(),
    to: z.string(),
    /** The delegation below it from which it was ended upwards. */
    asked: z.string().optional(),
  }),
);

export const taskClosed = declareEvent(
  "task.closed",
  "A task was closed; all authority given for it has ended.",
  z.object({ state_before: z.string() }),
);

export const taskExpired = declareEvent(
  "task.expired",
  "A task reached its deadline; all authority given for it has ended.",
  z.object({ deadline: z.int() }),
);

export const planDrifted = declareEvent(
  "plan.drifted",
  "A call was tried that the plan of its task does not have now; it was refused, and ended the task where `ended`.",
  z.object({
    tool: z.string(),
    jti: z.string(),
    service: z.string(),
    args: z.string(),
    edge: z.string(),
    /** The last step that has begun, from 1; 0 before the first. */
    step: z.int(),
    of: z.int(),
    ended: z.boolean(),
  }),
  "alarm",
);

export const planStep = declareEvent(
  "plan.step",
  "An agent told how a step of its task's plan stands, with evidence.",
  z.object({
    step: z.int(),
    of: z.int(),
    tool: z.string(),
    state: z.enum(["started", "done", "failed"]),
    edge: z.string(),
    evidence: z.string().optional(),
  }),
);

export const agentRegisteredByAgent = declareEvent(
  "agent.registered-by-agent",
  "An agent registered another one within a task; it ends with everything that it was registered under.",
  z.object({
    agent: z.string(),
    parent: z.string(),
    edge: z.string(),
    chain_hash: z.string(),
    grants: z.array(z.string()),
    decision: z.string(),
    policies: z.array(z.string()),
    policy_version: z.string(),
    receipts: z.array(z.string()),
    approval: z.string().optional(),
  }),
);

/** Every kind of event of this room, for `api/events.json`. */
export const delegationEvents: readonly EventKind[] = [
  taskRequested,
  taskStarted,
  taskBreakGlass,
  runbookApproved,
  consentGiven,
  consentRefused,
  taskOpened,
  delegationExtended,
  delegationEnded,
  taskClosed,
  taskExpired,
  planDrifted,
  planStep,
  agentRegisteredByAgent,
];
