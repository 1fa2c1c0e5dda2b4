import type { KeyObject } from "node:crypto";
import { algorithmOf, type KeySet } from "../jwk/index.ts";
import { claimsOf, requiredJti, requireReadable, signCompact, verifyCompact } from "../jws/index.ts";
import { VerificationError } from "../verification-error.ts";
import { type AccessTokenClaims, parseAccessTokenClaims } from "./claims.ts";
import {
  type AccessTokenExpectation,
  accessTokenForm,
  byKid,
  judgeAccessToken,
  type SignedClaims,
  signedClaims,
} from "./judge.ts";
import type { TokenCache } from "./token-cache.ts";

/**
 * Signs an access token. The claims pass the verifier's own reading first, so that nothing is issued which
 * nobody could use.
 *
 * @param signer the issuer's P-256 key and its `kid` in the published set
 * @throws VerificationError `malformed`, `missing-claim`, `wrong-alg`, `too-large`
 * @see RFC 9068 §2
 */
export function issueAccessToken(claims: AccessTokenClaims, signer: { kid: string; key: KeyObject }): string {
  if (algorithmOf(signer.key) !== "ES256")
    throw new VerificationError("wrong-alg", "access tokens are signed ES256");
  const payload = parseAccessTokenClaims(claims);
  if (payload.exp <= payload.iat) throw new VerificationError("malformed", "exp must lie after iat");
  const header = { typ: accessTokenForm.typ, kid: signer.kid };
  return requireReadable(signCompact({ header, payload, key: signer.key }));
}

/**
 * Verifies an access token. It proves nothing about who sent it: the sender must also prove, by DPoP, to
 * hold the key that `cnf.jkt` names.
 *
 * @param expected.issuer our issuer, exactly
 * @param expected.audience the resource that asks, exactly
 * @param expected.keys the issuer's keys, imported once by `createKeySet`
 * @param expected.now milliseconds since 1970; `exp` has no leeway, `iat` and `nbf` have 30 s
 * @param expected.isDead whether any of these revocation keys has been revoked; the key that signed is among them
 * @param expected.cache keeps tokens whose signature was verified; made by `createTokenCache`
 * @throws VerificationError `malformed`, `not-canonical`, `too-large`, `missing-claim`, `wrong-typ`,
 *   `wrong-alg`, `unknown-key`, `bad-signature`, `wrong-issuer`, `wrong-audience`, `expired`,
 *   `not-yet-valid`, `dead`
 * @see RFC 9068 §4
 */
export function verifyAccessToken(
  attackerToken: string,
  expected: AccessTokenExpectation & { keys: KeySet; cache?: TokenCache | undefined },
): AccessTokenClaims {
  const { keys, cache, now } = expected;
  const known = cache?.find(attackerToken, keys, now);
  const signed = known ?? verifiedClaims(attackerToken, keys);
  const token = judgedOrForgotten(attackerToken, signed, expected);
  if (known === undefined) cache?.keep(attackerToken, { ...signed, token }, keys);
  return token;
}

function verifiedClaims(attackerToken: string, keys: KeySet): SignedClaims {
  return signedClaims(verifyCompact(attackerToken, { ...accessTokenForm, resolve: byKid(keys) }));
}

/** What has died is not kept either. */
function judgedOrForgotten(
  attackerToken: string,
  signed: SignedClaims,
  expected: AccessTokenExpectation & { cache?: TokenCache | undefined },
): AccessTokenClaims {
  try {
    return judgeAccessToken(signed, expected);
  } catch (refusal) {
    if (refusal instanceof VerificationError && refusal.code === "dead")
      expected.cache?.forget(attackerToken);
    throw refusal;
  }
}

/**
 * The `jti` of a token that these keys signed, whatever else is wrong with it: to say in a record which token
 * came with a call that was refused. Proves nothing about who sent it, and never that it may be used.
 *
 * @returns nothing for what was not signed by them
 */
export function signedJti(attackerToken: string, keys: KeySet): string | undefined {
  try {
    const { payload } = verifyCompact(attackerToken, { ...accessTokenForm, resolve: byKid(keys) });
    return requiredJti(claimsOf(payload));
  } catch {
    return undefined;
  }
}
