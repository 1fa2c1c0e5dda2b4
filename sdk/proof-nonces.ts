import { createHmac, randomBytes } from "node:crypto";
import type { Runtime } from "./runtime.ts";

/** Nonces that this process hands out for proofs of possession. @see RFC 9449 §9 */
export interface ProofNonces {
  /** The one to hand out now. */
  newest(): string;
  /** Those that are good now: the newest, and the one before it. */
  good(): readonly string[];
}

const step = 60_000;

/** Kept by nobody: each is a code over the minute, under a secret of this process. */
export function createProofNonces({ elapsed }: Pick<Runtime, "elapsed">): ProofNonces {
  const secret = randomBytes(32);
  const at = (minute: number): string =>
    createHmac("sha256", secret).update(String(minute)).digest("base64url").slice(0, 24);
  const now = (): number => Math.floor(elapsed() / step);
  return { newest: () => at(now()), good: () => [at(now()), at(now() - 1)] };
}
