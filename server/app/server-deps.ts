import type { AuditRouteDeps } from "../audit/index.ts";
import type { AuthzenDeps } from "../authzen/index.ts";
import type { GovernanceDeps } from "../governance/index.ts";
import type { RotationDeps } from "../keys/index.ts";
import type { ManifestDeps } from "../manifest/index.ts";
import type { OauthDeps } from "../oauth/index.ts";
import type { RevocationRouteDeps } from "../revocation/index.ts";
import type { CertificateCallers } from "./authenticate-certificate.ts";

/** Everything that the rooms are handed, in one object that main builds. */
export interface ServerDeps
  extends AuditRouteDeps,
    RevocationRouteDeps,
    RotationDeps,
    OauthDeps,
    GovernanceDeps,
    AuthzenDeps,
    ManifestDeps {
  /** Services that prove themselves by their connection's certificate. One for each open database. */
  readonly certificates: CertificateCallers;
}
