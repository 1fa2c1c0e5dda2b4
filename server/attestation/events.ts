import { z } from "zod";
import { declareEvent, type EventKind } from "../audit/index.ts";
import { artifactEvents } from "./artifacts/events-artifacts.ts";
import { hostEvents } from "./events-hosts.ts";
import { modelEvents } from "./models/events-models.ts";
import { platformEvents } from "./platforms/events-platforms.ts";

export const joinTokenIssued = declareEvent(
  "join-token.issued",
  "Somebody was given the right to enrol one process of an agent or service, or to have one machine join, once.",
  z.object({ token: z.string(), principal: z.string(), expires: z.int() }),
);

export const attestationPassed = declareEvent(
  "attestation.passed",
  "A machine, a process or an artifact was attested: what was shown (a commitment), what was checked, what follows.",
  z.object({
    evidence: z.string(),
    /** SPIFFE ID of whoever was attested. */
    subject: z.string(),
    /** Commitment to what was shown. */
    shown: z.string(),
    checks: z.array(
      z.object({
        what: z.string(),
        subject: z.string(),
        by: z.string().optional(),
        /** SLSA build level; SHA-256 of the statement that was relied on. */
        level: z.int().optional(),
        statement: z.string().optional(),
        result: z.literal("passed"),
      }),
    ),
    concluded: z.string(),
  }),
);

export const attestationRefused = declareEvent(
  "attestation.refused",
  "A machine or a process was not taken for what it said, or is not as it was declared; nothing was issued.",
  z.object({
    /** SPIFFE ID, or what is known of whoever asked. */
    subject: z.string(),
    /** Machine-readable, such as `selectors-not-attested`. */
    reason: z.string(),
    why: z.string(),
    details: z.record(z.string(), z.unknown()),
  }),
  "refusal",
);

export const attestationEvents: readonly EventKind[] = [
  joinTokenIssued,
  attestationPassed,
  attestationRefused,
  ...hostEvents,
  ...artifactEvents,
  ...platformEvents,
  ...modelEvents,
];
