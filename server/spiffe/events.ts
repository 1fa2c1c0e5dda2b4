import { z } from "zod";
import { declareEvent, type EventKind } from "../audit/index.ts";
import { authorityEvents } from "./events-authority.ts";

const bundleFacts = z.object({
  trust_domain: z.string(),
  id: z.string(),
  endpoint: z.string().optional(),
  /** Whom the endpoint proves to be; without it, whoever the Web's authorities say. */
  endpoint_spiffe_id: z.string().optional(),
  sequence: z.int().optional(),
  /** SHA-256 of each root's certificate, base64url. */
  roots: z.array(z.string()),
  /** Names of the keys of JWT-SVIDs. */
  jwt_keys: z.array(z.string()),
});

export const trustDomainConfigured = declareEvent(
  "trust-domain.configured",
  "An administrator said by whom the SVIDs of a trust domain are signed.",
  bundleFacts,
);

export const trustBundleRefreshed = declareEvent(
  "trust-bundle.refreshed",
  "A newer bundle of a trust domain was fetched from its endpoint and is what counts now.",
  bundleFacts,
);

export const trustBundleRefused = declareEvent(
  "trust-bundle.refused",
  "The endpoint of a trust domain answered with a bundle that is not taken; the one before still counts.",
  z.object({ trust_domain: z.string(), id: z.string(), why: z.enum(["unreadable", "older"]) }),
  "alarm",
);

export const trustDomainRemoved = declareEvent(
  "trust-domain.removed",
  "The word of a trust domain is not taken any more; what was issued on it ended.",
  z.object({ trust_domain: z.string(), id: z.string() }),
);

const workloadFacts = z.object({
  id: z.string(),
  trust_domain: z.string(),
  spiffe_id: z.string(),
  stands_for: z.string(),
});

export const workloadRegistered = declareEvent(
  "workload.registered",
  "Workloads of another trust domain stand for an agent or a service of ours.",
  workloadFacts,
);

export const workloadRemoved = declareEvent(
  "workload.removed",
  "Workloads of another trust domain do not stand for one of ours any more; what they were issued ended.",
  workloadFacts,
);

/** Every kind of event of this room, for `api/events.json`. */
export const spiffeEvents: readonly EventKind[] = [
  trustDomainConfigured,
  trustBundleRefreshed,
  trustBundleRefused,
  trustDomainRemoved,
  workloadRegistered,
  workloadRemoved,
  ...authorityEvents,
];
