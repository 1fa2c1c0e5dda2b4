/**
 * The action-to-identity trace of a task, derived from its events alone: who asked, who delegated what to
 * whom, every action and refusal with its rule, and whether it was instructed, approved or autonomous.
 * `render-trace.ts` needs no cryptography; building checks signatures and is for Node.
 */
export { buildTrace } from "./build-trace.ts";
export { principalsIn } from "./principals.ts";
export { type RenderOptions, renderTrace } from "./render-trace.ts";
export type {
  ActionEntry,
  Answer,
  ApprovalEntry,
  ConsentTrace,
  Decided,
  EdgeTrace,
  Entry,
  RefusalEntry,
  Right,
  Signature,
  TaskState,
  TokenEntry,
  Trace,
} from "./trace.ts";
export type { TraceEvent } from "./trace-event.ts";
