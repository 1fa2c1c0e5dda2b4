/**
 * Whose word is taken for who a workload is: trust domains with their bundles, each strictly for itself, the
 * verification of JWT- and X.509-SVIDs by them, and whom of ours workloads of other trust domains stand for.
 * SVIDs are not issued here yet.
 */
export { BundleCache } from "./bundle-cache.ts";
export { spiffeEvents } from "./events.ts";
export { putTrustDomain } from "./put-trust-domain.ts";
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
export type { SpiffeDeps } from "./spiffe-deps.ts";
export { type StandsFor, standsFor } from "./stands-for.ts";
export { type SpiffeTables, spiffeMigrations } from "./tables.ts";
export { jwtSvid, readChain, type Svid, x509Svid } from "./verify-svid.ts";
