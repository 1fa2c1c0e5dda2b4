import { z } from "zod";
import { declareEvent } from "../audit/index.ts";

const definition = z.object({
  provider: z.string(),
  issuer: z.string(),
  jwks_uri: z.string().optional(),
  algorithms: z.array(z.string()),
  /** How many clients it has, and those whose assertions begin tasks; the whole definition is the hash's. */
  clients: z.int(),
  allowed: z.array(z.string()),
  subjects: z.enum(["subject", "email"]),
  /** base64url SHA-256 of the canonical definition. */
  hash: z.string(),
  epoch: z.int(),
});

export const providerDefined = declareEvent(
  "identity-provider.defined",
  "An administrator said whose word about people is taken, and for which agents.",
  definition,
);

export const providerEnded = declareEvent(
  "identity-provider.ended",
  "An identity provider's word is not taken any more; what rested on it has ended.",
  z.object({ provider: z.string(), issuer: z.string() }),
);

export const subjectLinked = declareEvent(
  "subject.linked",
  "A subject of an identity provider stands for a person from now on.",
  z.object({
    provider: z.string(),
    /** Commitment: what somebody is called elsewhere is personal. */
    subject: z.string(),
    by: z.enum(["administrator", "verified-email"]),
  }),
);

export const subjectUnlinked = declareEvent(
  "subject.unlinked",
  "A subject of an identity provider does not stand for a person any more.",
  z.object({ provider: z.string() }),
);

export const identityProviderEvents = [
  providerDefined,
  providerEnded,
  subjectLinked,
  subjectUnlinked,
] as const;
