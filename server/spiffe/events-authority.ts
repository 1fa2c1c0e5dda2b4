import { z } from "zod";
import { declareEvent, type EventKind } from "../audit/index.ts";

export const authorityCertified = declareEvent(
  "authority.certified",
  "A key of our own authority has its certificate: by itself, or by the company's own authority.",
  z.object({
    kid: z.string(),
    serial: z.string(),
    /** SHA-256 of the certificate, and of the root above it where that is another one, base64url. */
    certificate: z.string(),
    root: z.string().optional(),
    expires: z.int(),
  }),
);

export const trustBundlePublished = declareEvent(
  "trust-bundle.published",
  "Our own trust domain's bundle has other keys than before.",
  z.object({
    trust_domain: z.string(),
    sequence: z.int(),
    /** SHA-256 of each root's certificate, base64url. */
    roots: z.array(z.string()),
    /** Names of the keys of JWT-SVIDs. */
    jwt_keys: z.array(z.string()),
  }),
);

export const svidIssued = declareEvent(
  "svid.issued",
  "A running copy of an agent or a service, or a machine, was given an SVID.",
  z.object({
    instance: z.string(),
    kind: z.enum(["x509", "jwt"]),
    serial: z.string().describe("Of the certificate, in hexadecimal; of a JWT-SVID its jti."),
    expires: z.int(),
    audience: z.array(z.string()).optional(),
  }),
);

export const authorityEvents: readonly EventKind[] = [authorityCertified, trustBundlePublished, svidIssued];
