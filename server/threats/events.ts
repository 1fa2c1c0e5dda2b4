import { z } from "zod";
import { declareEvent, type EventKind } from "../audit/index.ts";

export const riskChanged = declareEvent(
  "risk.changed",
  "The risk of a running copy went up or down into another band: low, raised or high.",
  z.object({
    instance: z.string(),
    band: z.enum(["low", "raised", "high"]),
    /** Absent where it was not known before. */
    before: z.enum(["low", "raised", "high"]).optional(),
    score: z.int(),
    parts: z.record(z.string(), z.int()),
  }),
);

export const threatsEvents: readonly EventKind[] = [riskChanged];
