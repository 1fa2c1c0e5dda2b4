import type { Check } from "../evidence.ts";

/** One thing about an artifact that was looked at and found to be as declared. */
export interface ArtifactCheck extends Check {
  /** Of provenance: the SLSA build level for which the signer's builder is trusted. */
  readonly level?: number;
  /** SHA-256 of the statement that was relied on, lower-case hex. */
  readonly statement?: string;
}

/** What was found of the artifacts of a running copy. */
export interface ArtifactFindings {
  /** The image's manifest, `sha256:<hex>`. */
  readonly image?: string;
  /** The model's root digest, `sha256:<hex>`. */
  readonly model?: string;
  /** Over the paths and digests of all declared files, `sha256:<hex>`. */
  readonly configuration?: string;
  readonly checks: readonly ArtifactCheck[];
}
