import type { ReadDemands } from "./store-artifacts.ts";

/** One thing that was looked at and found to be as declared. */
export interface Check {
  readonly what: string;
  /** A digest, or what else it is about. */
  readonly subject: string;
  /** The signer's name, where somebody's word was taken. */
  readonly by?: string;
  /** Of provenance: the SLSA build level for which the signer's builder is trusted. */
  readonly level?: number;
  /** SHA-256 of the statement that was relied on, lower-case hex. */
  readonly statement?: string;
  readonly result: "passed";
}

/** What was found of the artifacts of a running copy. */
export interface ArtifactFindings {
  /** By which demands it was judged, for a change that must not commit once they are others. */
  readonly demanded: ReadDemands;
  /** The image's manifest, `sha256:<hex>`. */
  readonly image?: string;
  /** The model's root digest, `sha256:<hex>`. */
  readonly model?: string;
  /** Over the paths and digests of all declared files, `sha256:<hex>`. */
  readonly configuration?: string;
  readonly checks: readonly Check[];
}
