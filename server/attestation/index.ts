/**
 * Evidence in, identity out. A process enrols by a join token, or its host attests it by what it is, or its
 * platform vouches for it; machines join by what their surroundings say of them; images, models and configuration
 * are judged by what is declared. Whatever was found out is kept, and what rests on it ends with it.
 */
export {
  clusterList,
  clusterPut,
  clusterRemove,
  gateAsk,
  kubernetesAdmission,
} from "./admission/routes-gate.ts";
export { bringImage } from "./artifacts/bring-image.ts";
export type { ArtifactFindings, Check } from "./artifacts/check.ts";
export { findSigners } from "./artifacts/find-signers.ts";
export { judgeArtifacts, type Measured } from "./artifacts/judge-artifacts.ts";
export { declaredArtifacts, putRequirement, requireWithin } from "./artifacts/put-requirement.ts";
export { putEnvironmentRule } from "./artifacts/put-rule.ts";
export { putSigner, removeSigner } from "./artifacts/put-signer.ts";
export { requireNothingDemanded } from "./artifacts/require-nothing-demanded.ts";
export { type ArtifactsSaid, artifactRequirement } from "./artifacts/requirement.ts";
export {
  agentArtifactsPut,
  agentArtifactsShow,
  environmentRuleList,
  environmentRulePut,
  imageBring,
  imageShow,
  serviceArtifactsPut,
  serviceArtifactsShow,
  signerList,
  signerPut,
  signerRemove,
  signerShow,
} from "./artifacts/routes-artifacts.ts";
export type { Signer, SignerPurpose, SignerTrust } from "./artifacts/signer.ts";
export type { AttestationDeps } from "./attestation-deps.ts";
export { attesting, include, RefusedLoudly, reasonOf } from "./attesting.ts";
export { type Enrolment, enrol } from "./enrol.ts";
export { entriesForHost } from "./entries/entries-for-host.ts";
export { type Entry, type EntrySaid, entrySaid } from "./entries/entry.ts";
export { allEntriesOf } from "./entries/find-entries.ts";
export {
  type Place as EntryPlace,
  putEntry,
  putEntryWithin,
  removeEntry,
  removeEntryWithin,
} from "./entries/put-entry.ts";
export { refuseWeak } from "./entries/weak.ts";
export { attestationEvents } from "./events.ts";
export type { Evidence } from "./evidence.ts";
export { endHost } from "./hosts/end-host.ts";
export { type Host, isLiveHost, strengthOf } from "./hosts/host.ts";
export { hostCaller, notAHost } from "./hosts/host-caller.ts";
export { type Joining, joinHost } from "./hosts/join-host.ts";
export { findHost, livingHost } from "./hosts/live-host.ts";
export { HOSTS_CHANNEL } from "./hosts/store-hosts.ts";
export {
  addJoinToken,
  type IssuedJoinToken,
  issueJoinToken,
  type JoinTokenRequest,
} from "./issue-join-token.ts";
export { latestEvidence } from "./latest-evidence.ts";
export { declareOrigin, type OriginDeclaration } from "./models/declare-origin.ts";
export { judgeModel } from "./models/judge-model.ts";
export { type ModelRegistration, registerModel } from "./models/register-model.ts";
export { retireModel } from "./models/retire-model.ts";
export { modelList, modelOriginPut, modelRegister, modelRetire } from "./models/routes-models.ts";
export {
  admitFederated,
  type Federated,
  forgetExpiredTokens,
  isPlatformIssuer,
  type OfferedWorkload,
  restsOnPlatform,
} from "./platforms/admit-federated.ts";
export {
  allBindingsOf,
  bindAgent,
  bindingSaid,
  bindingsOfAgent,
  bindWithin,
  unbindAgent,
  unbindWithin,
} from "./platforms/bind-agent.ts";
export { judgeMachine, type OfferedMachine } from "./platforms/judge-machine.ts";
export type { ExpectedMachine, JudgedMachine } from "./platforms/machine.ts";
export { MACHINE_TYPES, type MachineType } from "./platforms/machine-trust.ts";
export {
  type Binding,
  type Platform,
  type PlatformDefinition,
  platformDefinition,
} from "./platforms/platform.ts";
export type { PlatformDeps } from "./platforms/platform-deps.ts";
export type { PresetName } from "./platforms/presets/index.ts";
export {
  declaredPlatform,
  declarePlatformWithin,
  putPlatform,
  removePlatform,
} from "./platforms/put-platform.ts";
export {
  machineTrustList,
  machineTrustPut,
  machineTrustRemove,
  machineTrustShow,
} from "./platforms/routes-machines.ts";
export {
  agentPlatformList,
  agentPlatformPut,
  agentPlatformRemove,
  platformAttest,
  platformList,
  platformPut,
  platformRemove,
  platformShow,
} from "./platforms/routes-platforms.ts";
export { secretsHashed } from "./platforms/secrets.ts";
export { type Found, recordEvidence } from "./record-evidence.ts";
export { instanceEnrol, joinTokenIssue } from "./routes.ts";
export {
  agentEntryList,
  agentEntryPut,
  agentEntryRemove,
  serviceEntryList,
  serviceEntryPut,
  serviceEntryRemove,
} from "./routes-entries.ts";
export { hostChallenge, hostEnd, hostJoin, hostList, hostRenew, hostShow } from "./routes-hosts.ts";
export { instanceVouch } from "./routes-vouching.ts";
export { attestationMigrations } from "./store.ts";
export {
  attestationList,
  attestationShow,
  attestationSummary,
  summaryKeys,
} from "./summary/routes-summary.ts";
export { type Admitted, admitWorkload } from "./workloads/admit-workload.ts";
export { endProcesses } from "./workloads/ended-processes.ts";
export { forgetProcesses } from "./workloads/forget-processes.ts";
export { restsOf } from "./workloads/ground.ts";
export { liveProcessesOn } from "./workloads/live-processes.ts";
export { processOn } from "./workloads/process-on.ts";
export { type Vouching, vouchWithin } from "./workloads/vouch-within.ts";
