import type { RegistryDeps } from "../registry/index.ts";

/** What attestation is handed. */
export interface AttestationDeps extends RegistryDeps {
  /** Our origin exactly, such as `https://countersign.example.com`: what a proof of possession is made for. */
  readonly issuer: string;
}
