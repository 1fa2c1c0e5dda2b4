import type { KeyObject } from "node:crypto";
import { parseWarrantClaims, type WarrantClaims } from "./claims.ts";
import { signLink } from "./link.ts";
import { requireRoot } from "./narrower.ts";

/**
 * Signs the root of a chain. The claims pass the verifier's own reading first, so that nothing is issued
 * which nobody could use.
 *
 * @param claims times in seconds since 1970; at most an hour from `iat` to `exp`
 * @param signer the issuer's key, P-256 or Ed25519, and its `kid` in the published set
 * @returns the compact form
 * @throws VerificationError `malformed`, `missing-claim`, `too-long-lived`, `too-deep`, `too-large`, and for
 *   keys `wrong-alg`, `private-key`, `not-canonical`
 */
export function mintWarrant(claims: WarrantClaims, signer: { kid: string; key: KeyObject }): string {
  const root = parseWarrantClaims(claims);
  requireRoot(root, root.iss);
  return signLink(root, signer.key, signer.kid);
}
