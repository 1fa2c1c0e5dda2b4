/**
 * The log: every state change and every refusal, in the same change as itself, in a Merkle tree under
 * signed checkpoints. Stores `{type, body}` and knows no kind of event.
 */
export { append } from "./append.ts";
export { checkLog } from "./checkpoint.ts";
export {
  type AuditDeps,
  type ConcealDeps,
  conceal,
  eraseSubject,
  reveal,
  type Sealer,
  type Subject,
} from "./conceal.ts";
export { type About, declareEvent, type Event, type EventKind } from "./event.ts";
export { logFiles } from "./log-files.ts";
export { type PerformDeps, perform } from "./perform.ts";
export {
  appendRefusal,
  flushRefusals,
  RefusalCounter,
  recordRefusal,
  refusalsCounted,
  requestRefused,
} from "./refusals.ts";
export {
  type AuditRouteDeps,
  auditCheckpoint,
  auditEvents,
  auditEvidence,
  auditKey,
  auditTile,
} from "./routes.ts";
export { sequence } from "./sequence.ts";
export { type CheckpointMemory, type Sequencer, type SequencerDeps, startSequencer } from "./sequencer.ts";
export { auditMigrations, findEvents, latestEvents } from "./store.ts";
export { busy, type Turn } from "./waiting-line.ts";
