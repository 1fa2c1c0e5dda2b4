import { z } from "zod";
import { declareEvent, type EventKind } from "../audit/index.ts";

export const manifestApplied = declareEvent(
  "manifest.applied",
  "Things of one kind were made or changed as a manifest declares them; what changed stands in events of its own.",
  z.object({ kind: z.string(), names: z.array(z.string()) }),
);

export const manifestEvents: readonly EventKind[] = [manifestApplied];
