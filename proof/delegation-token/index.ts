/** The ticket by which an agent refers to a delegation that the server has recorded. */
export {
  type DelegationTokenClaims,
  delegationTokenType,
  issueDelegationToken,
  readDelegationToken,
  verifyDelegationToken,
} from "./delegation-token.ts";
