import { parseNoteKey } from "../checkpoint/note-key.ts";
import type { Json } from "../jcs/index.ts";
import { judgeEvidence, type ProvenEvent, parseEvidence } from "../log/evidence.ts";
import { type KnownLog, vkeysOf } from "../log/known-log.ts";
import type { LogReader } from "../log/log-reader.ts";
import { replayLog, type VerifiedLog } from "../log/replay.ts";
import { openCheckpoint } from "./checkpoint.ts";

/**
 * Verifies a whole log, as `verifyLog` of `@countersign/proof/log` does.
 *
 * @throws LogError, VerificationError see there
 */
export async function verifyLog(reader: LogReader, known: KnownLog): Promise<VerifiedLog> {
  const open = (note: string) => openCheckpoint(note, vkeysOf(known).map(parseNoteKey), known.origin);
  const earlier = known.since === undefined ? undefined : await open(known.since);
  return replayLog(reader, await open(await reader.checkpoint()), earlier);
}

/**
 * Verifies evidence of one event, as `verifyEvidence` of `@countersign/proof/log` does.
 *
 * @throws VerificationError see there
 */
export async function verifyEvidence(
  attackerDocument: Json,
  known: Omit<KnownLog, "since">,
): Promise<ProvenEvent> {
  const evidence = parseEvidence(attackerDocument);
  const keys = vkeysOf(known).map(parseNoteKey);
  return judgeEvidence(evidence, await openCheckpoint(evidence.checkpoint, keys, known.origin));
}
