import type { AccessTokenClaims } from "../token/claims.ts";
import {
  type AccessTokenExpectation,
  accessTokenForm,
  byKid,
  judgeAccessToken,
  signedClaims,
} from "../token/judge.ts";
import { verifyCompact } from "./compact.ts";
import type { KeySet } from "./key.ts";

/**
 * Verifies an access token, as `verifyAccessToken` of `@countersign/proof/token` does: the same rules, the
 * same refusals.
 *
 * @throws VerificationError see there
 * @see RFC 9068 §4
 */
export async function verifyAccessToken(
  attackerToken: string,
  expected: AccessTokenExpectation & { keys: KeySet },
): Promise<AccessTokenClaims> {
  const form = { ...accessTokenForm, resolve: byKid(expected.keys) };
  return judgeAccessToken(signedClaims(await verifyCompact(attackerToken, form)), expected);
}
