import type { AuditDeps } from "../audit/index.ts";

/** What the registry's verbs need: the change, the log and its sealer, and the name of this trust domain. */
export interface RegistryDeps extends AuditDeps {
  /** The SPIFFE trust domain of this installation, such as `countersign.example.com`. */
  readonly trustDomain: string;
}
