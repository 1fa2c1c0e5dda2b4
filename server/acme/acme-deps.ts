import { setTimeout as sleep } from "node:timers/promises";
import type { DatabaseDeps } from "../database/index.ts";

/** What this room is handed. */
export interface AcmeDeps extends DatabaseDeps {
  readonly stopping: AbortSignal;
  /** Waits until the time is over. @throws when the server stops */
  readonly wait: (ms: number) => Promise<void>;
}

/** Waits as the clock on the wall goes, and keeps no process alive for it. */
export const untilStopped = (signal: AbortSignal): Pick<AcmeDeps, "stopping" | "wait"> => ({
  stopping: signal,
  wait: (ms) => sleep(ms, undefined, { ref: false, signal }),
});
