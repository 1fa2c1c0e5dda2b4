import type { AttestationDeps } from "../attestation/index.ts";
import type { LoginDeps } from "../login/index.ts";
import type { PolicyDeps } from "../policy/index.ts";

/** What the manifest is handed: what the rooms behind it need. */
export type ManifestDeps = PolicyDeps & AttestationDeps & LoginDeps;
