/**
 * The token service. A client proves by its key who it is and that it sends this request; what it asks for
 * is decided on our own records; a token leaves when it is on record. What is counted is counted here, and
 * a token for Countersign's own API is verified here.
 */
export { authenticateToken, proveKey } from "./authenticate-token.ts";
export { forgetPastAuthorizations } from "./authorization/forget.ts";
export { type EndedKind, type Ending, endAll, type Hit, type LiftedKind, liftAll } from "./cascade.ts";
export { ClientDocuments } from "./client-metadata.ts";
export {
  declarablePartner,
  declarePartnerWithin,
  definePartner,
  endPartner,
  setPartnerSubject,
} from "./define-partner.ts";
export { DpopNonces, type NonceDemand } from "./dpop-nonces.ts";
export { oauthEvents } from "./events.ts";
export type { TokenResponse } from "./mint.ts";
export type { OauthDeps } from "./oauth-deps.ts";
export { forgetStaleProofs } from "./one-time-proof.ts";
export { type PartnerDefinition, partnerDefinition } from "./partner.ts";
export { questionOf } from "./question.ts";
export { type ReportedRefusal, reportRefusal } from "./report-refusal.ts";
export { revokeToken } from "./revoke-token.ts";
export { jwks, metadata, refusals, revoke, token, uses } from "./routes.ts";
export {
  authorizationBegin,
  authorizationChoose,
  authorizationFinish,
  authorizationRefuse,
  authorize,
  authorizePosted,
} from "./routes-authorization.ts";
export { revocationLift, revocationOrder } from "./routes-cascade.ts";
export { serviceCertificatePut, serviceCertificateRemove, serviceCertificateShow } from "./routes-clients.ts";
export { federationPut, federationShow, openidConfiguration } from "./routes-federation.ts";
export { introspection } from "./routes-introspection.ts";
export { partnerEnd, partnerList, partnerPut, partnerShow, partnerSubjectPut } from "./routes-partners.ts";
export { resourceMetadata } from "./routes-resource.ts";
export { statusList, statusLists } from "./routes-status.ts";
export { transactions } from "./routes-transaction.ts";
export { warrantKeys, warrantUses } from "./routes-warrants.ts";
export { StatusLists } from "./status-list.ts";
export { type OauthTables, oauthMigrations } from "./tables.ts";
export { issueToken } from "./token.ts";
export { type CountedCall, callTool, type ReportedCall, returnTool } from "./use-token.ts";
