import type { Id } from "../lib/index.ts";

/** One thing that was looked at and found in order. What is not in order ends the attestation. */
export interface Check {
  /** What was asked: `image-signature`, `provenance`, `model-signature`, `configuration`, `selectors`, … */
  readonly what: string;
  /** Of what: a digest, a name. */
  readonly subject: string;
  /** By whose word: a key, a signer's identity, a policy. */
  readonly by?: string;
  readonly result: "passed";
}

/** An attestation that succeeded. What was shown is concealed: machines and people may stand in it. */
export interface Evidence {
  readonly id: Id<"evidence">;
  /** Of whom: a SPIFFE ID. */
  readonly subject: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Commitment to what was shown. */
  readonly shown: string;
  readonly checks: readonly Check[];
  readonly concluded: string;
}
