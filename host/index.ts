/**
 * Runs on every machine where agents run: proves the machine to the control plane, proves each process that
 * connects, and serves it its identity over the SPIFFE Workload API.
 */
export type { Peer } from "./peer/peer.ts";
export type { Attested, DeclaredFile, MeasuredFile, MeasuredModel, Wanted } from "./process/attested.ts";
export { isCovered, type Selector } from "./selector/selector.ts";
export {
  type AttestAnswer,
  type AttestRequest,
  type Bundles,
  type Entry,
  type EntryList,
  type Refused,
  type Upstream,
  UpstreamAway,
} from "./upstream/upstream.ts";
