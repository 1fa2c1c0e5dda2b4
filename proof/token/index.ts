/** Access tokens (RFC 9068): bound to a key, for one resource, with the grants they carry. */

export { issueAccessToken, signedJti, verifyAccessToken } from "./access-token.ts";
export { type Acr, acrValues, passkeyAcr, satisfiesAcr } from "./acr.ts";
export { type Act, maximumActors, parseAct } from "./act.ts";
export {
  type AccessTokenClaims,
  type ChainLink,
  type Confirmation,
  maximumRevocationKeys,
  parseRevocationKeys,
  parseStatus,
  type StatusReference,
  type WarrantReference,
} from "./claims.ts";
export { humanPrincipal } from "./human-principal.ts";
export { isAtLeast, isStrength, type Strength, strengths } from "./strength.ts";
export { createTokenCache, type TokenCache } from "./token-cache.ts";
