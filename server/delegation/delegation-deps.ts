import type { AuditDeps } from "../audit/index.ts";
import type { KeysDeps } from "../keys/index.ts";
import type { LoginDeps } from "../login/index.ts";
import type { RevocationDeps } from "../revocation/index.ts";

/** What delegation is handed. */
export interface DelegationDeps extends KeysDeps, RevocationDeps, LoginDeps, AuditDeps {}
