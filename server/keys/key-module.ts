import type { PublicJwk } from "@countersign/proof/jwk";

/**
 * A module that makes keys of P-256, holds them and signs with them, and lets no private key out: an HSM behind
 * PKCS #11. Each method fails while it is away, with Fault `unavailable`.
 */
export interface KeyModule {
  /** Makes a pair. @returns by what it is found again (hexadecimal), and its public key */
  generate(): Promise<{ readonly held: string; readonly publicJwk: PublicJwk }>;
  /** @param digest SHA-256 of what is signed @returns r and s, 32 bytes each */
  sign(held: string, digest: Uint8Array): Promise<Uint8Array>;
  /** Removes a pair; one that is gone already is no error. */
  destroy(held: string): Promise<void>;
  close(): Promise<void>;
}
