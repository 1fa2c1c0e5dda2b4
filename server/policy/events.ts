import { z } from "zod";
import { declareEvent, type EventKind } from "../audit/index.ts";

export const policyActivated = declareEvent(
  "policy.activated",
  "From now on decisions are made by this set of policies.",
  z.object({
    version: z.string(),
    hash: z.string(),
    /** How many sets have been activated here, this one included. */
    number: z.int(),
    before: z.string().optional(),
    policies: z.array(z.object({ id: z.string(), hash: z.string() })),
  }),
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

export const policyEvents: readonly EventKind[] = [policyActivated, policyErrored];
