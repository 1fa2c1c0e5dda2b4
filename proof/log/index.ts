/**
 * Verifying a log with nothing but its public files and its key: as a whole, or one event at a time. The
 * files are those of C2SP tlog-tiles; the entries are events in canonical JSON.
 */
export { decodeEntryBundle, encodeEntryBundle, maximumEntrySize } from "./entry-bundle.ts";
export { type EventEntry, readEventEntry } from "./event-entry.ts";
export {
  type Evidence,
  evidenceType,
  makeEvidence,
  type ProvenEvent,
  parseEvidence,
} from "./evidence.ts";
export type { KnownLog } from "./known-log.ts";
export { LogError } from "./log-error.ts";
export type { LogReader } from "./log-reader.ts";
export { proveEvent } from "./prove-event.ts";
export type { VerifiedLog } from "./replay.ts";
export { verifyEvidence } from "./verify-evidence.ts";
export { verifyLog } from "./verify-log.ts";
