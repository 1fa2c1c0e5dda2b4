/**
 * In the agent's process: a key made in memory, enrolment, tokens, delegations, bound calls. In the service
 * that it calls: a protector that lets nothing through which is not proven, granted, alive and recorded.
 */
export type { WarrantOptions } from "./accept-warrants.ts";
export type { Access, Proven, Running } from "./access.ts";
export {
  type AccessToken,
  type Agent,
  agentOf,
  type Delegated,
  type DelegationRequest,
  openAgent,
  type TokenRequest,
} from "./agent.ts";
export { attestWithPlatform, type PlatformAttestation, type PlatformInstance } from "./attest.ts";
export type { OutgoingCall } from "./call-tool.ts";
export { type Enrolment, enrol } from "./enrol.ts";
export { ApprovalPending, CountersignError, Denied, type Reason, Refused, Unreachable } from "./errors.ts";
export type { Instance } from "./instance.ts";
export { type HolderKey, makeKey } from "./key.ts";
export { type MutualTls, type MutualTlsOptions, mutualTls } from "./mutual-tls/mutual-tls.ts";
export type { Revocations } from "./mutual-tls/revocations.ts";
export { azureToken, gcpToken, githubToken, kubernetesToken } from "./platform-token.ts";
export type { ProtectedRequest, Protector } from "./protect.ts";
export type { ToolCall } from "./protection.ts";
export type { InternalRequest, Receiver, Transaction } from "./receive.ts";
export { type RefusalError, RequestRefused, type WantedAuthentication } from "./refusal.ts";
export { type ResourceMetadata, resourceMetadata } from "./resource-metadata.ts";
export { nodeRuntime, type Runtime } from "./runtime.ts";
export {
  openService,
  type ProtectionOptions,
  type Service,
  serviceOf,
  type WarrantProtectionOptions,
} from "./service.ts";
export type { StartRequest, StepReport, TaskRequest } from "./tasks.ts";
export type { RequestContext } from "./transactions.ts";
export type { Narrowing, Warrant, Warrants } from "./warrant.ts";
export type { WarrantAccess, WarrantHop } from "./warrant-access.ts";
export { type SvidIdentity, svidIdentity } from "./workload/svid-identity.ts";
export {
  type JwtSvid,
  type WorkloadApi,
  type WorkloadApiPlace,
  workloadApi,
} from "./workload/workload-api.ts";
export type { X509State, X509Svid } from "./workload/x509-state.ts";
