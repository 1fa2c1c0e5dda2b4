import type { RegistryDeps } from "../registry/index.ts";

/** What governance is handed. */
export interface GovernanceDeps extends RegistryDeps {}
