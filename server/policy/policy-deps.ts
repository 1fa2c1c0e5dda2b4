import type { CatalogDeps } from "../catalog/index.ts";
import type { ActivePolicies } from "./active-set.ts";
import type { Oracle } from "./oracle.ts";

/** What policy is handed. */
export interface PolicyDeps extends CatalogDeps {
  /** The policies that decide, kept ready. One for each open database. */
  readonly policies: ActivePolicies;
  /** What a share of decisions is compared with. Where it is not handed, none is. */
  readonly oracle?: Oracle;
}
