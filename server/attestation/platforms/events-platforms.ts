import { z } from "zod";
import { declareEvent, type EventKind } from "../../audit/index.ts";

export const machineTrustPut = declareEvent(
  "machine-trust.configured",
  "An administrator said by whose word machines of this kind join.",
  z.object({
    type: z.string(),
    /** base64url SHA-256 of the canonical definition, without secrets. */
    hash: z.string(),
  }),
);

export const machineTrustRemoved = declareEvent(
  "machine-trust.removed",
  "No machine joins by this kind of evidence any more.",
  z.object({ type: z.string() }),
);

export const platformConfigured = declareEvent(
  "platform.configured",
  "An administrator said which platform's word is taken for the agents that run on it.",
  z.object({
    platform: z.string(),
    id: z.string(),
    preset: z.string(),
    issuer: z.string(),
    audience: z.string(),
    /** base64url SHA-256 of the canonical definition, without secrets. */
    hash: z.string(),
  }),
);

export const platformRemoved = declareEvent(
  "platform.removed",
  "A platform's word is not taken any more; what rested on it has ended.",
  z.object({ platform: z.string(), id: z.string(), issuer: z.string() }),
);

const bindingFacts = z.object({
  binding: z.string(),
  platform: z.string(),
  /** base64url SHA-256 of the canonical claims. */
  claims: z.string(),
});

export const platformBound = declareEvent(
  "platform.bound",
  "What a platform's tokens must say exactly to stand for an agent.",
  bindingFacts,
);

export const platformUnbound = declareEvent(
  "platform.unbound",
  "Tokens of a platform do not stand for an agent any more as they did; what they were issued has ended.",
  bindingFacts,
);

export const platformEvents: readonly EventKind[] = [
  machineTrustPut,
  machineTrustRemoved,
  platformConfigured,
  platformRemoved,
  platformBound,
  platformUnbound,
];
