/** The ticket by which an agent refers to a delegation that the server has recorded. */
export {
  type DelegationTokenClaims,
  delegationTokenType,
  issueDelegationToken,
  verifyDelegationToken,
} from "./delegation-token.ts";
