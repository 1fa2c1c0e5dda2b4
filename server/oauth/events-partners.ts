import { z } from "zod";
import { declareEvent, type EventKind } from "../audit/index.ts";

export const partnerDefined = declareEvent(
  "partner.defined",
  "An administrator said to which other domain our word about people may go, and by which agents.",
  z.object({
    partner: z.string(),
    audience: z.string(),
    resources: z.array(z.string()),
    agents: z.array(z.string()),
    unseen_calls: z.string(),
    /** base64url SHA-256 of the canonical definition. */
    hash: z.string(),
  }),
);

export const partnerEnded = declareEvent(
  "partner.ended",
  "No more assertions go to another domain.",
  z.object({ partner: z.string(), audience: z.string() }),
);

export const partnerSubjectSet = declareEvent(
  "partner.subject-set",
  "A person is known to another domain by a name, which is told here as a commitment.",
  z.object({ partner: z.string(), subject: z.string() }),
);

export const partnerEvents: readonly EventKind[] = [partnerDefined, partnerEnded, partnerSubjectSet];
