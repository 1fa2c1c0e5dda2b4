import type { Id } from "../lib/index.ts";
import type { Check } from "./artifacts/check.ts";

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
