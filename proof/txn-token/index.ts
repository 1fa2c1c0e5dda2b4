/**
 * Transaction tokens: what a service shows to those behind it, so that they know whose call they serve. Each is
 * for one call of one tool, lives minutes, and never leaves the trust domain.
 */

export {
  longestTxnToken,
  mostWorkloads,
  parseTxnTokenClaims,
  type RequestContext,
  type TransactionContext,
  type TxnTokenClaims,
  txnTokenType,
} from "./claims.ts";
export { issueTxnToken, readTxnToken, verifyTxnToken } from "./txn-token.ts";
