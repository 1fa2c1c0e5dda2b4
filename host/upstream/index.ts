/** The control plane as a host sees it: the port, and how it is reached over HTTP. */
export type { Credential } from "./credential.ts";
export { HttpUpstream } from "./http-upstream.ts";
export { type EvidenceFor, type EvidenceSource, join, type MachineEvidence } from "./join.ts";
export { forgetCredential, keepCredential, recallCredential } from "./key-file.ts";
export { knows } from "./knows.ts";
export type { UpstreamEvents, UpstreamOptions } from "./options.ts";
export { UpstreamRefused } from "./refused.ts";
export { type Answer, type Ask, openTransport, type Server, type Transport } from "./transport.ts";
export {
  type AttestAnswer,
  type AttestRequest,
  type Bundles,
  type Entry,
  type EntryList,
  type Refused,
  type Upstream,
  UpstreamAway,
} from "./upstream.ts";
