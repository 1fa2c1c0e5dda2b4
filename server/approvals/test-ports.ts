/** For tests only: an installation where nothing is known of any resource, and nobody looks suspicious. */
import type { Clock } from "../lib/index.ts";
import type { ApprovalsDeps } from "./approvals-deps.ts";

/** What `main` would hand in. */
export const calm = ({ clock }: { clock: Clock }): Pick<ApprovalsDeps, "facts" | "risk"> => ({
  facts: { of: async () => ({}) },
  risk: { of: async () => ({ score: 0, parts: {}, anomalies: [], at: clock.now() }), used: () => {} },
});
