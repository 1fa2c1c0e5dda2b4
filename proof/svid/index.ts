/**
 * SPIFFE's proofs of identity, and the bundles by which they are verified: each SVID by the bundle of the trust
 * domain that it names, and by no other.
 */
export { type JwtKey, parseBundle, type TrustBundle } from "./bundle.ts";
export { type PeekedSvid, peekJwtSvid, validateJwtSvid, verifyJwtSvid } from "./jwt-svid.ts";
export {
  peekX509Svid,
  requireLeaf,
  requireWorkload,
  type VerifiedSvid,
  verifyX509Svid,
} from "./x509-svid.ts";
