import { openCheckpoint, parseVkey } from "../checkpoint/index.ts";
import { type KnownLog, vkeysOf } from "./known-log.ts";
import type { LogReader } from "./log-reader.ts";
import { replayLog, type VerifiedLog } from "./replay.ts";

/**
 * Verifies a whole log from its public files and trusts no number in them: every leaf is hashed from the
 * event's own bytes, every tile is rebuilt and compared, and the root must be the signed one. Memory does
 * not grow with the log.
 *
 * @throws LogError `log-leaf` an event is not what its tile holds (`index`, `attackerId`), `log-entry` an
 *   entry is not canonical JSON with an id, `log-tile` a tile above the leaves is wrong, `log-root` the
 *   events are not those that were signed, `log-shortened` and `log-rewritten` against `since`
 * @throws VerificationError `malformed`, `bad-signature`, `unknown-key`, `wrong-origin` for a checkpoint
 * @see C2SP tlog-tiles, RFC 6962 §2.1
 */
export async function verifyLog(reader: LogReader, known: KnownLog): Promise<VerifiedLog> {
  const keys = vkeysOf(known).map(parseVkey);
  const earlier = known.since === undefined ? undefined : openCheckpoint(known.since, keys, known.origin);
  const signed = openCheckpoint(await reader.checkpoint(), keys, known.origin);
  return replayLog(reader, signed, earlier);
}
