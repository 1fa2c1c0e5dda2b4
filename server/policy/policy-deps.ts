import type { CatalogDeps } from "../catalog/index.ts";
import type { ActivePolicies } from "./active-set.ts";

/** What policy is handed. */
export interface PolicyDeps extends CatalogDeps {
  /** The policies that decide, kept ready. One for each open database. */
  readonly policies: ActivePolicies;
}
