import { z } from "zod";
import { declareEvent, type EventKind } from "../audit/index.ts";

const refs = z.array(z.object({ id: z.string(), hash: z.string() }));

export const approvalRequested = declareEvent(
  "approval.requested",
  "Policy lets this happen only when people say yes; they have been asked.",
  z.object({
    approval: z.string(),
    decision: z.string(),
    action: z.string(),
    tool: z.string().optional(),
    resource: z.string(),
    /** SHA-256 over a salt and the arguments. */
    arguments: z.string(),
    requirements: z.array(z.string()),
    lifts: refs,
    permits: refs,
    policy_version: z.string(),
    expires: z.int(),
    /** The request that this one takes the place of, because what people were shown no longer holds. */
    replaces: z.string().optional(),
  }),
);

export const approvalAnswered = declareEvent(
  "approval.answered",
  "A person signed yes or no to a request; the receipt can be verified by anyone.",
  z.object({
    approval: z.string(),
    receipt_id: z.string(),
    requirement: z.string(),
    decision: z.enum(["approve", "deny"]),
    /** The state of the request from now on. */
    state: z.enum(["pending", "approved", "denied"]),
    credential: z.string(),
    /** What was signed, and the signature (WebAuthn), base64url. */
    receipt: z.record(z.string(), z.unknown()),
    assertion: z.object({
      authenticatorData: z.string(),
      clientDataJSON: z.string(),
      signature: z.string(),
    }),
  }),
);

export const approvalSpent = declareEvent(
  "approval.spent",
  "An approval was used up by the token that held it.",
  z.object({ approval: z.string(), jti: z.string() }),
);

export const approvalExpired = declareEvent(
  "approval.expired",
  "The time of a request has ended; nothing can be done with it any more.",
  z.object({ approval: z.string(), was: z.string() }),
);

export const factContradicted = declareEvent(
  "fact.contradicted",
  "An argument says something else than what is true of the resource: the call was refused.",
  z.object({
    decision: z.string(),
    tool: z.string(),
    resource: z.string(),
    /** By name; neither what the argument says nor what is true. */
    contradicted: z.array(z.object({ argument: z.string(), fact: z.string() })),
  }),
  "alarm",
);

export const approvalsEvents: readonly EventKind[] = [
  factContradicted,
  approvalRequested,
  approvalAnswered,
  approvalSpent,
  approvalExpired,
];
