/**
 * Everything a stranger can verify. This is the short list: what a service needs to judge a call, and what an
 * auditor needs to judge the log. Each folder has a door of its own with the rest, such as
 * `@countersign/proof/merkle`.
 */
export { openCheckpoint, parseVkey } from "./checkpoint/index.ts";
export { consentHash, parseConsent, verifyConsent } from "./consent/index.ts";
export { createDpopProof, verifyDpopProof } from "./dpop/index.ts";
export { type Call, covers, type Grant, meet, parseGrant, permits } from "./grant/index.ts";
export { canonicalize, type Json, parseStrict } from "./jcs/index.ts";
export { createKeySet, thumbprint } from "./jwk/index.ts";
export { type Evidence, type LogReader, verifyEvidence, verifyLog } from "./log/index.ts";
export { parseReceipt, receiptHash, verifyReceipt } from "./receipt/index.ts";
export { parseSpiffeId, spiffeId } from "./spiffe-id/index.ts";
export { type AccessTokenClaims, verifyAccessToken } from "./token/index.ts";
export { type VerificationCode, VerificationError } from "./verification-error.ts";
export { narrowWarrant, parseWarrantChain, verifyWarrant } from "./warrant/index.ts";
