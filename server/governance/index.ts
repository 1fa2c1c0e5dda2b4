/**
 * Looking back over what was done: so far the action-to-identity trace of a task. It has no records of its
 * own; everything is derived from the log and the registry.
 */
export type { GovernanceDeps } from "./governance-deps.ts";
export { taskTrace } from "./routes.ts";
export { type TracedTask, traceTask } from "./trace-task.ts";
