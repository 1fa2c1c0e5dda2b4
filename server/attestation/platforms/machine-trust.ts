import { z } from "zod";
import { authorities, signers } from "./anchors.ts";
import { isAnothers } from "./audience.ts";
import { plainUrl, visible } from "./words.ts";

/** How a machine proves itself by what its surroundings say of it. */
export const MACHINE_TYPES = ["x509pop", "k8s", "aws", "gcp", "azure"] as const;
export type MachineType = (typeof MACHINE_TYPES)[number];

const x509pop = z.strictObject({
  type: z.literal("x509pop"),
  roots: authorities.describe("Who certifies machines of ours, in PEM."),
});

/** Where a cluster answers whether a token is its own and whoever it is for is still there. */
export const tokenReview = z.strictObject({
  url: plainUrl.describe("The API server, without a path."),
  ca: authorities.optional().describe("Who signs its certificate, in PEM."),
  token: z
    .string()
    .regex(/^[!-~]{1,8192}$/, "This is no bearer token.")
    .describe("A service account's that may create tokenreviews. Kept sealed, never shown."),
});

/** A set of public keys as an issuer publishes it. */
export const keySet = z.strictObject({ keys: z.array(z.record(z.string(), z.json())).min(1).max(50) });

/** Where the keys are that sign an issuer's tokens: in its metadata where nothing is said. */
export const keysOfIssuer = {
  jwks: keySet.optional().describe("Its keys themselves, where they cannot be fetched."),
  jwks_uri: plainUrl.optional(),
  ca: authorities.optional().describe("Who signs the certificate of where they are, in PEM."),
};

const cluster = z
  .strictObject({
    issuer: plainUrl,
    audience: visible(1, 255)
      .refine((audience) => !isAnothers(audience), "Tokens for this audience are made for somebody else.")
      .describe("What the projected token is made for: ours, and nobody else's."),
    service_accounts: z
      .array(z.string().regex(/^[a-z0-9.-]{1,253}\/[a-z0-9.-]{1,253}$/, "Write namespace/name."))
      .min(1)
      .max(100),
    ...keysOfIssuer,
    review: tokenReview
      .optional()
      .describe("Asked in place of keys, or besides: only it notices what has been deleted."),
  })
  // Unless told otherwise, a cluster makes the token of every pod for its own issuer.
  .refine(({ issuer, audience }) => issuer !== audience, {
    message: "Tokens for this audience are made for the cluster itself.",
  });

const k8s = z.strictObject({
  type: z.literal("k8s"),
  clusters: z.record(z.string().regex(/^[a-z0-9-]{1,40}$/), cluster),
});

const aws = z.strictObject({
  type: z.literal("aws"),
  accounts: z
    .array(z.string().regex(/^[0-9]{12}$/))
    .min(1)
    .max(1_000),
  regions: z
    .record(z.string().regex(/^[a-z0-9-]{1,40}$/), signers)
    .describe("The certificates that sign in each region, in PEM; in others nobody joins."),
  longest_age: z
    .int()
    .min(60)
    .max(7 * 86_400)
    .default(1_800)
    .describe("Seconds since the machine was started."),
});

const gcp = z.strictObject({
  type: z.literal("gcp"),
  issuer: plainUrl.default("https://accounts.google.com"),
  jwks: keysOfIssuer.jwks,
  jwks_uri: keysOfIssuer.jwks_uri,
  projects: z
    .array(z.string().regex(/^[0-9]{1,20}$/, "A project's number, not its id."))
    .min(1)
    .max(1_000),
  service_accounts: z
    .array(z.string().regex(/^[0-9]{1,30}$/, "A service account's unique id."))
    .max(1_000)
    .optional(),
});

const uuid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "Write it in lower case.");

const azure = z.strictObject({
  type: z.literal("azure"),
  roots: authorities.describe("The roots, and the authorities below them that documents do not bring along."),
  names: z
    .array(z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/))
    .min(1)
    .max(10)
    .default(["metadata.azure.com"])
    .describe("Whose certificates sign: these hosts, and those below them."),
  subscriptions: z.array(uuid).min(1).max(1_000),
});

/** By whose word machines join: what an administrator has said, for each kind of evidence. Nothing said is no. */
export const machineTrust = z.discriminatedUnion("type", [x509pop, k8s, aws, gcp, azure]);
export type MachineTrust = z.output<typeof machineTrust>;
export type TrustOf<Type extends MachineType> = Extract<MachineTrust, { type: Type }>;
export type Cluster = z.output<typeof cluster>;
export type TokenReview = z.output<typeof tokenReview>;
