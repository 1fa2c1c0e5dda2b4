import { z } from "zod";
import { declareEvent } from "../audit/index.ts";

const what = z.object({
  kind: z.string(),
  id: z.string(),
  /** Commitment to the reason that was given. */
  reason: z.string().optional(),
});

export const revocationOrdered = declareEvent(
  "revocation.ordered",
  "Somebody ended something and everything that rests on it; the same change says which keys died.",
  what.extend({ up_to: z.string().optional() }),
);

export const revocationLifted = declareEvent(
  "revocation.lifted",
  "What was ended may begin again; what was given before stays dead.",
  what,
);

export const cascadeEvents = [revocationOrdered, revocationLifted];
