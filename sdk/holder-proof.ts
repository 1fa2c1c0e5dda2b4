import { sha256Base64url } from "@countersign/proof/digest";
import type { DpopProof } from "@countersign/proof/dpop";
import { canonicalize, type JsonObject } from "@countersign/proof/jcs";
import { RequestRefused } from "./refusal.ts";
import type { ReplayMemory } from "./replay-memory.ts";

/** How old a proof of possession may be, in seconds. */
export const proofWindow = 60;

/** @throws RequestRefused unless there is exactly one */
export function readProof(dpop: readonly string[] | undefined): string {
  const [only, ...more] = dpop ?? [];
  if (only !== undefined && more.length === 0) return only;
  throw new RequestRefused("invalid_dpop_proof", "Exactly one DPoP header is needed.");
}

/** What a proof over a call names its arguments by. */
export const hashOf = (attackerArgs: JsonObject): string => sha256Base64url(canonicalize(attackerArgs));

/**
 * A proof counts once, whatever it was over.
 *
 * @throws RequestRefused for one that was seen before, and where there is no room to remember it
 */
export function requireFirst(
  proofs: ReplayMemory,
  { jkt, replayKey, expiresAt }: Pick<DpopProof, "jkt" | "replayKey" | "expiresAt">,
  now: number,
): void {
  const noted = proofs.note(jkt, replayKey, expiresAt, now);
  if (noted === "seen") {
    throw new RequestRefused("invalid_dpop_proof", "This DPoP proof has been used; make one per request.");
  }
  if (noted === "full") throw new RequestRefused("temporarily_unavailable", "Too many requests at once.");
}
