/**
 * The token service. A client proves by its key who it is and that it sends this request; what it asks for
 * is decided on our own records; a token leaves when it is on record. What is counted is counted here, and
 * a token for Countersign's own API is verified here.
 */
export { authenticateToken } from "./authenticate-token.ts";
export {
  definePartner,
  endPartner,
  setPartnerSubject,
} from "./define-partner.ts";
export { oauthEvents } from "./events.ts";
export type { TokenResponse } from "./mint.ts";
export type { OauthDeps } from "./oauth-deps.ts";
export { forgetStaleProofs } from "./one-time-proof.ts";
export { questionOf } from "./question.ts";
export { type ReportedRefusal, reportRefusal } from "./report-refusal.ts";
export { revokeToken } from "./revoke-token.ts";
export { jwks, metadata, refusals, revoke, token, uses } from "./routes.ts";
export { serviceCertificatePut, serviceCertificateRemove, serviceCertificateShow } from "./routes-clients.ts";
export { partnerEnd, partnerList, partnerPut, partnerShow, partnerSubjectPut } from "./routes-partners.ts";
export { warrantKeys } from "./routes-warrants.ts";
export { type OauthTables, oauthMigrations } from "./tables.ts";
export { issueToken } from "./token.ts";
export { type CountedCall, callTool, type ReportedCall, returnTool } from "./use-token.ts";
