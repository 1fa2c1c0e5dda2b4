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

export const artifactsDeclared = declareEvent(
  "artifacts.declared",
  "An administrator said what every running copy of an agent or a service must be made of.",
  z.object({
    kind: z.enum(["agent", "service"]),
    principal: z.string(),
    /** SHA-256 of the declaration as canonical JSON. */
    digest: z.string(),
    /** Which of images, model and configuration it speaks of. */
    declares: z.array(z.string()),
  }),
);

export const environmentRuled = declareEvent(
  "environment.ruled",
  "An administrator said what every agent of an environment must show.",
  z.object({ environment: z.string(), image: z.boolean(), model: z.boolean() }),
);

export const imageStatementAccepted = declareEvent(
  "image-statement.accepted",
  "A signature over an image, or what its builder says of it, was verified and is on record, or counts for longer.",
  z.object({
    id: z.string(),
    image: z.string(),
    kind: z.enum(["signature", "provenance"]),
    signer: z.string(),
    /** SHA-256 of the signed bytes. */
    signed: z.string(),
    builder: z.string().optional(),
    expires: z.int().optional(),
  }),
);

const gateFacts = z.object({
  /** `pipeline`, or the name of the cluster. */
  asked: z.string(),
  /** Absent where what asked could not be read. */
  agent: z.string().optional(),
  images: z.array(z.string()),
  model: z.string().optional(),
  reasons: z.array(z.string()),
});

export const gatePassed = declareEvent(
  "gate.passed",
  "A pipeline or a cluster asked whether something may be started as an agent, and it may.",
  gateFacts,
);

export const gateRefused = declareEvent(
  "gate.refused",
  "A pipeline or a cluster asked whether something may be started as an agent, and it may not.",
  gateFacts,
  "refusal",
);

export const clusterDefined = declareEvent(
  "cluster.defined",
  "An administrator let a cluster's API server ask whether pods may start; its address was given once.",
  z.object({ id: z.string(), name: z.string() }),
);

export const clusterRemoved = declareEvent(
  "cluster.removed",
  "A cluster's API server may ask no more.",
  z.object({ id: z.string(), name: z.string() }),
);

export const artifactEvents: readonly EventKind[] = [
  signerConfigured,
  signerRemoved,
  artifactsDeclared,
  environmentRuled,
  imageStatementAccepted,
  gatePassed,
  gateRefused,
  clusterDefined,
  clusterRemoved,
];
