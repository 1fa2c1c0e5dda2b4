import type { OutboundOptions } from "../http/index.ts";
import type { RegistryDeps } from "../registry/index.ts";
import type { BundleCache } from "./bundle-cache.ts";

/** What the functions of this room are handed. */
export interface SpiffeDeps extends RegistryDeps {
  /** How requests may leave this server. */
  readonly outbound: OutboundOptions;
  /** Bundles that were read lately. One for each open database. */
  readonly bundles: BundleCache;
}
