import { createHash } from "node:crypto";
import { canonicalBytes, type Json, type JsonObject } from "@countersign/proof/jcs";
import { z } from "zod";
import { shortName } from "../../registry/index.ts";
import { modelName } from "../models/model.ts";

/** From where a build must come, and by whom. */
export interface ProvenanceRequirement {
  /** The `builder.id`, exactly. */
  readonly builder: string;
  /** The repository's URI, without `@` and what follows. */
  readonly source: string;
  /** Git's name of the one commit, where it must be that. */
  readonly commit?: string;
  /** One of those that we know unless said. */
  readonly build_type?: string;
  /** All external parameters that the build may have had, and their values. */
  readonly parameters: JsonObject;
  /** External parameters that may have any value. */
  readonly free_parameters: readonly string[];
  /** Names of signers. */
  readonly signed_by: readonly string[];
}

export interface ImageRequirement {
  /** Manifest digests that are good by themselves: an administrator vouches for these very bytes. */
  readonly allow: readonly string[];
  /** Names of signers, one of whom must have signed any other image. */
  readonly signed_by?: readonly string[];
  /** What must be known besides of how any other image was built. */
  readonly provenance?: ProvenanceRequirement;
}

export interface ConfigurationRequirement {
  readonly path: string;
  readonly role: "prompt" | "tools" | "settings" | "lockfile" | "script" | "other";
  /** Lower-case hex. */
  readonly sha256: string;
}

/** What every running copy of an agent or a service must be made of. What is not said is noted and not required. */
export interface ArtifactRequirement {
  readonly images?: ImageRequirement;
  /** `required`: any registered model; else the name of the one. */
  readonly model?: string;
  readonly configuration?: readonly ConfigurationRequirement[];
}

/** The digest of an image's manifest, as a registry names it. */
export const imageDigest = z
  .string()
  .regex(
    /^sha256:[0-9a-f]{64}$/,
    "An image is named by its manifest's digest, sha256: and 64 hexadecimal digits.",
  );

const uri = z.string().max(500).refine(URL.canParse, "This is no URI.");
const signers = z.array(shortName).min(1).max(20);

const provenance = z.strictObject({
  builder: uri,
  source: uri.refine(
    (text) => !text.includes("@"),
    "The source is the repository's URI without @ and a reference.",
  ),
  commit: z
    .string()
    .regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/, "A commit is 40 or 64 hexadecimal digits.")
    .optional(),
  build_type: uri.optional(),
  parameters: z.record(z.string().max(200), z.json()).default({}),
  free_parameters: z.array(z.string().max(200)).max(50).default([]),
  signed_by: signers,
});

const images = z
  .strictObject({
    allow: z.array(imageDigest).max(500).default([]).describe("Digests that are good by themselves."),
    signed_by: signers.optional().describe("Any other image must be signed by one of these."),
    provenance: provenance
      .optional()
      .describe("What must be known besides of how any other image was built."),
  })
  .refine(
    ({ allow, signed_by, provenance: built }) =>
      allow.length > 0 || signed_by !== undefined || built !== undefined,
    "Say which images are allowed, by whom they are signed, or how they are built.",
  );

const configuration = z
  .array(
    z.strictObject({
      path: z
        .string()
        .max(1_000)
        .regex(/^\/[^\p{C}]*$/u, "A path is absolute, and all of it shows."),
      role: z.enum(["prompt", "tools", "settings", "lockfile", "script", "other"]),
      sha256: z.string().regex(/^[0-9a-f]{64}$/, "A digest is 64 hexadecimal digits in lower case."),
    }),
  )
  .min(1)
  .max(100)
  .refine((files) => new Set(files.map(({ path }) => path)).size === files.length, "A file is named once.");

/** What an administrator declares. Empty: nothing is required any more. */
export const artifactRequirement = z.strictObject({
  images: images.optional(),
  model: z
    .union([z.literal("required"), modelName])
    .optional()
    .describe("`required`: any registered model; else the name of the one."),
  configuration: configuration.optional().describe("Files as they must be, by SHA-256."),
});
export type ArtifactsSaid = z.input<typeof artifactRequirement>;

export const isEmpty = (requirement: ArtifactRequirement): boolean => Object.keys(requirement).length === 0;

/** SHA-256 over the canonical JSON, lower-case hex: what a summary names as the policy that was checked. */
export const digestOfRequirement = (of: object): string =>
  createHash("sha256")
    .update(canonicalBytes(of as Json))
    .digest("hex");
