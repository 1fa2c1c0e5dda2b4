/**
 * Who a workload is, and by whose word: our own authority, which signs SVIDs and publishes its bundle; other trust
 * domains with their bundles, each strictly for itself; the verification of JWT- and X.509-SVIDs by them; and whom
 * of ours workloads of other trust domains stand for.
 */
export { BundleCache } from "./bundle-cache.ts";
export { spiffeEvents } from "./events.ts";
export { attestProcesses } from "./host-attestations.ts";
export { type IssuedJwtSvid, issueJwtSvid, type WantedJwtSvid } from "./issue-jwt-svid.ts";
export { type IssuedX509Svid, issueX509Svid, type WantedX509Svid } from "./issue-x509-svid.ts";
export { OwnAuthority, unpublish } from "./own-authority.ts";
export { bundlesForHosts } from "./own-bundle.ts";
export { putTrustDomain } from "./put-trust-domain.ts";
export { type IssuedSvid, recordSvid } from "./record-svid.ts";
export { BundleRefresh } from "./refresh-bundles.ts";
export { registerWorkload, removeWorkload } from "./register-workload.ts";
export { removeTrustDomain } from "./remove-trust-domain.ts";
export {
  trustDomainList,
  trustDomainPut,
  trustDomainRemove,
  trustDomainShow,
  workloadList,
  workloadRegister,
  workloadRemove,
} from "./routes.ts";
export { authorityShow, ownTrustBundle } from "./routes-authority.ts";
export {
  hostAttest,
  hostBundles,
  hostChanges,
  hostEndedProcesses,
  hostEntries,
  hostJwtSvid,
} from "./routes-hosts.ts";
export { issueServerSvid, type ServerSvid, SvidRenewal, serverId } from "./server-svid.ts";
export type { AuthorityDeps, SpiffeDeps } from "./spiffe-deps.ts";
export { type StandsFor, standsFor } from "./stands-for.ts";
export { type SpiffeTables, spiffeMigrations } from "./tables.ts";
export { readUpstream, type UpstreamFiles } from "./upstream-authority.ts";
export { isOwnX509Svid, jwtSvid, ownX509Svid, readChain, type Svid, x509Svid } from "./verify-svid.ts";
