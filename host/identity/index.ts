/**
 * Who the processes of this host are: each is measured, asked for at the control plane, renewed in time, and
 * forgotten when it exits. Knows nothing of how they ask.
 */
export { type Identities, type IdentityLimits, openIdentities, TooManyProcesses } from "./identities.ts";
export { type Attest, type HostClock, type HostLog, type IdentityDeps, nodeClock } from "./ports.ts";
export type { JwtStanding, JwtSvid, Standing, Svid } from "./standing.ts";
export type { DomainBundle, TrustBundles } from "./trust-bundles.ts";
export type { Workload } from "./workload.ts";
