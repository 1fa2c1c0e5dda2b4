import type { OutboundOptions } from "../../http/index.ts";
import type { ProviderKeys } from "../../login/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";

/** What is needed to judge what platforms say. */
export interface PlatformDeps extends AttestationDeps {
  /** The public keys of whoever signs, as they publish them. */
  readonly providerKeys: ProviderKeys;
  /** How requests may leave this server. */
  readonly outbound: OutboundOptions;
}
