import type { PerformDeps } from "../audit/index.ts";

/** What threats is handed. */
export type ThreatsDeps = PerformDeps;
