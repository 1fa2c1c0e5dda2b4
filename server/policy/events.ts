import { z } from "zod";
import { declareEvent, type EventKind } from "../audit/index.ts";

const set = { version: z.string(), hash: z.string() };

export const policyStored = declareEvent(
  "policy.stored",
  "A set of policies was put on record; it decides nothing by that.",
  z.object({ ...set, policies: z.int(), message: z.string().optional() }),
);

export const policyActivated = declareEvent(
  "policy.activated",
  "From now on decisions are made by this set of policies.",
  z.object({
    ...set,
    /** How many sets have been activated here, this one included. */
    number: z.int(),
    before: z.string().optional(),
    /** Set where an earlier set was brought back; its tests passed again, on the catalog as it is now. */
    rollback: z.literal(true).optional(),
    message: z.string().optional(),
    /** Whether every token that was issued under an older set ended with this. */
    revoke_older: z.boolean(),
    policies: z.int(),
    /** What is new or different; at most 300, the set itself is named by its hash. */
    changed: z.array(z.object({ id: z.string(), hash: z.string() })),
    removed: z.array(z.string()),
  }),
);

const beside = z.object({ id: z.string(), version: z.string(), beside: z.string() });
const ended = z.object({
  id: z.string(),
  version: z.string(),
  why: z.enum(["stopped", "activated", "rolled back"]),
});

export const shadowStarted = declareEvent(
  "policy.shadow-started",
  "A set of policies is asked beside the one that decides; what it says has no effect.",
  beside,
);

export const shadowDiffered = declareEvent(
  "policy.shadow-differed",
  "The shadow would have decided otherwise: told once for each kind of difference, counted from then on.",
  z.object({
    id: z.string(),
    version: z.string(),
    difference: z.enum(["newly refused", "newly allowed", "newly asked"]),
    action: z.string(),
    agent: z.string().optional(),
    decision: z.string(),
    active_policies: z.array(z.string()),
    shadow_policies: z.array(z.string()),
  }),
);

export const shadowEnded = declareEvent(
  "policy.shadow-ended",
  "A set of policies is no longer asked beside the one that decides.",
  ended,
);

export const canaryStarted = declareEvent(
  "policy.canary-started",
  "A set of policies decides for a share of the tasks, in place of the one that decides for the others.",
  beside.extend({ share: z.int() }),
);

export const canaryEnded = declareEvent(
  "policy.canary-ended",
  "The set that decides for everybody decides for the canary's tasks again.",
  ended,
);

const observing = z.object({ id: z.string(), until: z.int() });

export const policyObserving = declareEvent(
  "policy.observing",
  "Policies are decided and recorded, and refuse nothing, until the time given; told anew each day.",
  observing,
  "alarm",
);

export const observingEnded = declareEvent(
  "policy.observing-ended",
  "Policies refuse again what they do not allow.",
  observing.extend({ why: z.enum(["stopped", "over"]) }),
);

export const policyErrored = declareEvent(
  "policy.errored",
  "A policy could not be evaluated: a forbid then denies, a permit then permits nothing.",
  z.object({
    version: z.string(),
    decision: z.string(),
    action: z.string(),
    tool: z.string().optional(),
    policies: z.array(z.object({ policy: z.string(), effect: z.enum(["permit", "forbid"]) })),
  }),
  "alarm",
);

export const enginesDiffer = declareEvent(
  "policy.engines-differ",
  "Two engines were asked the same question and do not agree; it was denied.",
  z.object({
    version: z.string(),
    decision: z.string(),
    action: z.string(),
    tool: z.string().optional(),
  }),
  "alarm",
);

export const policyEvents: readonly EventKind[] = [
  policyStored,
  policyActivated,
  shadowStarted,
  shadowDiffered,
  shadowEnded,
  canaryStarted,
  canaryEnded,
  policyObserving,
  observingEnded,
  policyErrored,
  enginesDiffer,
];
