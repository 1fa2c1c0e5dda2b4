import type { KeyObject } from "node:crypto";
import type { KeyCache, KeySet } from "@countersign/proof/jwk";
import type { ApprovalsDeps } from "../approvals/index.ts";
import type { DelegationDeps } from "../delegation/index.ts";
import type { KeyRing, SigningPurpose } from "../keys/index.ts";
import type { ProviderKeys } from "../login/index.ts";
import type { SpiffeDeps } from "../spiffe/index.ts";
import type { ClientDocuments } from "./client-metadata.ts";
import type { DpopNonces } from "./dpop-nonces.ts";
import type { StatusLists } from "./status-list.ts";

/** What the token service is handed. */
export interface OauthDeps extends DelegationDeps, ApprovalsDeps, SpiffeDeps {
  /** Imported keys of clients, so that a busy one's key is imported once. */
  readonly holderKeys: KeyCache;
  /** Whether clients' certificates are seen: TLS ends here, or at a proxy that passes them on. */
  readonly clientCertificates: boolean;
  /** The public keys of the company's sign-ins. */
  readonly providerKeys: ProviderKeys;
  /** What proofs must carry, where this server asks for it. */
  readonly nonces: DpopNonces;
  /** Where strangers learn whether a token still holds, as last made. */
  readonly statusLists: StatusLists;
  /** What the makers of interactive clients publish about them. */
  readonly clientDocuments: ClientDocuments;
}

/** The keys of one purpose as proof's verifiers look them up: by id, in the key ring as it is now. */
export function keySetOf(keys: KeyRing, purpose: SigningPurpose): KeySet {
  return new RingKeys(keys, purpose);
}

class RingKeys extends Map<string, KeyObject> {
  readonly #keys: KeyRing;
  readonly #purpose: SigningPurpose;

  constructor(keys: KeyRing, purpose: SigningPurpose) {
    super();
    this.#keys = keys;
    this.#purpose = purpose;
  }

  override get(attackerKid: string): KeyObject | undefined {
    return this.#keys.verifier(this.#purpose, attackerKid);
  }
}
