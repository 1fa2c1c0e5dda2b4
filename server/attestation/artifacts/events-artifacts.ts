import { z } from "zod";
import { declareEvent, type EventKind } from "../../audit/index.ts";

const signerFacts = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(["key", "certificate", "sigstore"]),
  purposes: z.array(z.string()),
  /** SHA-256 of the key, or of the authorities and the identity that are pinned. */
  fingerprint: z.string(),
  builders: z.array(z.object({ id: z.string(), level: z.int() })),
});

export const signerConfigured = declareEvent(
  "signer.configured",
  "An administrator said whose signatures on images, builds or models are taken, and for what.",
  signerFacts,
);

export const signerRemoved = declareEvent(
  "signer.removed",
  "The signatures of a signer are taken no more, for nothing that it has signed.",
  signerFacts,
);

export const artifactEvents: readonly EventKind[] = [signerConfigured, signerRemoved];
