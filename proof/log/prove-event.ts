import { openCheckpoint, parseVkey } from "../checkpoint/index.ts";
import { hashesFromTiles, inclusionPath, tileWidth } from "../merkle/index.ts";
import { VerificationError } from "../verification-error.ts";
import { type Evidence, makeEvidence } from "./evidence.ts";
import { type KnownLog, vkeysOf } from "./known-log.ts";
import { type LogReader, readBundle, readTile } from "./log-reader.ts";
import { verifyEvidence } from "./verify-evidence.ts";

/**
 * Makes evidence for one event out of the log's public files, and verifies it before giving it away.
 *
 * @param index the event's place in the log, from 0
 * @throws VerificationError `no-proof` when the signed log has no such entry or its tiles do not prove it;
 *   whatever `verifyEvidence` and the reader throw
 */
export async function proveEvent(
  reader: LogReader,
  index: number,
  known: Omit<KnownLog, "since">,
): Promise<Evidence> {
  const note = await reader.checkpoint();
  const { size } = openCheckpoint(note, vkeysOf(known).map(parseVkey), known.origin);
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new VerificationError("no-proof", `the signed log has ${size} entries`);
  }
  const { entries } = await readBundle(reader, Math.floor(index / tileWidth), size);
  const event = entries[index % tileWidth];
  if (event === undefined) throw new VerificationError("no-proof", "the entry is missing");
  const readHash = hashesFromTiles(size, ({ level, n }) => readTile(reader, level, n, size));
  const evidence = makeEvidence(event, index, await inclusionPath(index, size, readHash), note);
  verifyEvidence(evidence, known);
  return evidence;
}
