import type { OutboundOptions } from "../http/index.ts";
import type { KeyRing } from "../keys/index.ts";
import type { Deps } from "../lib/index.ts";

/** What the gateway is handed. */
export interface GatewayDeps extends Deps {
  readonly keys: KeyRing;
  /** Our public origin. */
  readonly issuer: string;
  /** The bounds of every request that leaves this server. */
  readonly outbound: OutboundOptions;
}
