import { z } from "zod";
import { declareEvent, type EventKind } from "../audit/index.ts";

/** Ids of policies that this takes something away from: whoever did it was told so, and accepted it. */
const policy_loss = z.array(z.string()).optional();

export const serverDefined = declareEvent(
  "server.defined",
  "A server was added to the catalog, or its record changed.",
  z.object({
    server: z.string(),
    resource: z.string(),
    team: z.string().optional(),
    environment: z.string().optional(),
    region: z.string().optional(),
    release: z.array(z.string()).optional(),
    delegated: z.boolean().optional(),
    policy_loss,
  }),
);

const pinned = z.object({ tool: z.string(), digest: z.string(), labels: z.array(z.string()) });

export const toolPinned = declareEvent(
  "tool.pinned",
  "A tool's definition was looked at and pinned.",
  pinned,
);

export const toolRepinned = declareEvent(
  "tool.repinned",
  "Another definition of a tool took the place of the pinned one.",
  pinned.extend({ replaces: z.string(), policy_loss }),
);

export const catalogEvents: readonly EventKind[] = [serverDefined, toolPinned, toolRepinned];
