import { z } from "zod";
import { declareEvent, type EventKind } from "../audit/index.ts";

const policy = z.object({ id: z.string(), hash: z.string() });

export const applicationDefined = declareEvent(
  "application.defined",
  "An application that asks Countersign for decisions was given this schema, these policies, this directory and these services.",
  z.object({
    application: z.string(),
    number: z.int(),
    version: z.string(),
    hash: z.string(),
    before: z.string().optional(),
    /** The first hundred; `hash` covers all. */
    policies: z.array(policy),
    entities: z.int(),
    services: z.array(z.string()),
  }),
);

export const authzenEvents: readonly EventKind[] = [applicationDefined];
