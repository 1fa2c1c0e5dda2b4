import type { LoginDeps } from "../login/index.ts";
import type { PolicyDeps } from "../policy/index.ts";
import type { FactSource, RiskSource } from "./ports.ts";

/** What approvals is handed. */
export interface ApprovalsDeps extends PolicyDeps, LoginDeps {
  readonly facts: FactSource;
  readonly risk: RiskSource;
}
