import type { LoginDeps } from "../login/index.ts";
import type { PolicyDeps } from "../policy/index.ts";

/** What approvals is handed. */
export interface ApprovalsDeps extends PolicyDeps, LoginDeps {}
