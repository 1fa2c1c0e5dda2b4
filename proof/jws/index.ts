/**
 * Compact JWS, as strict as the format can be: the key decides the algorithm, the verifier decides the type,
 * every byte has one meaning. Beside it the claims that all our signed objects share.
 */
export {
  claimsOf,
  optionalSeconds,
  optionalText,
  ownMember,
  requireAudience,
  requiredJti,
  requiredMember,
  requiredSeconds,
  requiredText,
  requireIssuer,
} from "./claims.ts";
export {
  type Expectation,
  readCompactBytes,
  signCompact,
  verifyCompact,
  verifyCompactBytes,
} from "./compact.ts";
export { type Demands, defaultMaxLength, requireReadable } from "./form.ts";
export type { ExpectedTyp, JwsHeader } from "./header.ts";
export { clockSkewSeconds, requireAlive } from "./lifetime.ts";
export { signBytes, verifyBytes } from "./signature.ts";
