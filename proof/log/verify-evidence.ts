import { openCheckpoint, parseVkey } from "../checkpoint/index.ts";
import type { Json } from "../jcs/index.ts";
import { judgeEvidence, type ProvenEvent, parseEvidence } from "./evidence.ts";
import { type KnownLog, vkeysOf } from "./known-log.ts";

/**
 * Verifies evidence offline: the checkpoint is signed by this log, and the event stands in it.
 *
 * @param known the log's key and name, from configuration
 * @throws VerificationError `malformed`, `unknown-key`, `bad-signature`, `wrong-origin`, `not-canonical`
 *   when the event is not canonical JSON with an id, `no-proof` when the proof is not one for this event
 * @see RFC 9162 §2.1.3.2
 */
export function verifyEvidence(attackerDocument: Json, known: Omit<KnownLog, "since">): ProvenEvent {
  const evidence = parseEvidence(attackerDocument);
  return judgeEvidence(
    evidence,
    openCheckpoint(evidence.checkpoint, vkeysOf(known).map(parseVkey), known.origin),
  );
}
