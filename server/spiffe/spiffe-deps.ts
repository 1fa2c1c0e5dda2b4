import type { OutboundOptions } from "../http/index.ts";
import type { KeysDeps } from "../keys/index.ts";
import type { RegistryDeps } from "../registry/index.ts";
import type { BundleCache } from "./bundle-cache.ts";
import type { OwnAuthority } from "./own-authority.ts";

/** What our own authority is handed. */
export interface AuthorityDeps extends KeysDeps {
  /** What is published of our own keys. One for each open database. */
  readonly authority: OwnAuthority;
}

/** What the functions of this room are handed. */
export interface SpiffeDeps extends RegistryDeps, AuthorityDeps {
  /** How requests may leave this server. */
  readonly outbound: OutboundOptions;
  /** Bundles that were read lately. One for each open database. */
  readonly bundles: BundleCache;
}
