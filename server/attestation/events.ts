import { z } from "zod";
import { declareEvent, type EventKind } from "../audit/index.ts";

export const joinTokenIssued = declareEvent(
  "join-token.issued",
  "Somebody was given the right to enrol one process of an agent or service, once.",
  z.object({ token: z.string(), principal: z.string(), expires: z.int() }),
);

export const attestationEvents: readonly EventKind[] = [joinTokenIssued];
