import type { RegistryDeps } from "../registry/index.ts";

/** What login is handed. */
export interface LoginDeps extends RegistryDeps {
  /** Our origin exactly, such as `http://localhost:4600`: passkeys are bound to it. */
  readonly issuer: string;
}
