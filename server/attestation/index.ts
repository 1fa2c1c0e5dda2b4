/**
 * Evidence in, identity out. So far: a process that made its key in memory enrols once with a join token, and
 * becomes an instance of an agent or service at strength `enrolled-key`.
 */

export {
  clusterList,
  clusterPut,
  clusterRemove,
  gateAsk,
  kubernetesAdmission,
} from "./admission/routes-gate.ts";
export type { ArtifactFindings, Check } from "./artifacts/check.ts";
export { findSigners } from "./artifacts/find-signers.ts";
export { judgeArtifacts, type Measured } from "./artifacts/judge-artifacts.ts";
export { requireWithin } from "./artifacts/put-requirement.ts";
export { putSigner, removeSigner } from "./artifacts/put-signer.ts";
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
export { type Enrolment, enrol } from "./enrol.ts";
export { attestationEvents } from "./events.ts";
export type { Evidence } from "./evidence.ts";
export {
  addJoinToken,
  type IssuedJoinToken,
  issueJoinToken,
  type JoinTokenRequest,
} from "./issue-join-token.ts";
export { judgeMachine, type OfferedMachine } from "./platforms/judge-machine.ts";
export type { ExpectedMachine, JudgedMachine } from "./platforms/machine.ts";
export { MACHINE_TYPES, type MachineType } from "./platforms/machine-trust.ts";
export type { PlatformDeps } from "./platforms/platform-deps.ts";
export {
  machineTrustList,
  machineTrustPut,
  machineTrustRemove,
  machineTrustShow,
} from "./platforms/routes-machines.ts";
export { type Found, recordEvidence } from "./record-evidence.ts";
export { instanceEnrol, joinTokenIssue } from "./routes.ts";
export { attestationMigrations } from "./store.ts";
export {
  attestationList,
  attestationShow,
  attestationSummary,
  summaryKeys,
} from "./summary/routes-summary.ts";
