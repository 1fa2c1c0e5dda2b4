import type { KeyObject } from "node:crypto";
import { isJsonObject, type JsonObject } from "../jcs/index.ts";
import type { KeySet } from "../jwk/index.ts";
import {
  claimsOf,
  clockSkewSeconds,
  ownMember,
  requireAudience,
  requiredSeconds,
  requireIssuer,
  signCompact,
  verifyCompact,
} from "../jws/index.ts";
import { VerificationError } from "../verification-error.ts";

const typ = "token-introspection+jwt";

/**
 * Signs what is said of a token. It has neither `sub` nor `exp` of its own, so that nothing takes it for a token.
 *
 * @param said.aud who asked
 * @param said.iat seconds since 1970
 * @param said.answer the object that RFC 7662 §2.2 describes
 * @see RFC 9701 §5
 */
export function issueIntrospection(
  { answer, ...said }: { iss: string; aud: string; iat: number; answer: JsonObject },
  signer: { kid: string; key: KeyObject },
): string {
  const payload = { ...said, token_introspection: answer };
  return signCompact({ header: { typ, kid: signer.kid }, payload, key: signer.key });
}

/**
 * Verifies a signed answer to an introspection.
 *
 * @param expected.audience whoever asked
 * @param expected.now milliseconds since 1970
 * @param expected.maxAgeSeconds how old it may be: it ends by nothing else
 * @returns the answer; only where its `active` is true does it speak of a token that holds
 * @throws VerificationError `malformed`, `not-canonical`, `too-large`, `missing-claim`, `wrong-typ`,
 *   `wrong-alg`, `unknown-key`, `bad-signature`, `wrong-issuer`, `wrong-audience`, `stale`, `not-yet-valid`
 * @see RFC 9701 §5
 */
export function verifyIntrospection(
  attackerAnswer: string,
  expected: { issuer: string; audience: string; keys: KeySet; now: number; maxAgeSeconds: number },
): JsonObject & { active: boolean } {
  const { payload } = verifyCompact(attackerAnswer, {
    typ,
    algs: ["ES256", "EdDSA"],
    resolve: ({ kid }) => (kid === undefined ? undefined : expected.keys.get(kid)),
    maxLength: 65_536,
  });
  const claims = claimsOf(payload);
  requireIssuer(claims, expected.issuer);
  requireAudience(claims, expected.audience);
  for (const name of ["sub", "exp"])
    if (Object.hasOwn(claims, name))
      throw new VerificationError("malformed", `an introspection answer has no ${name}`);
  requireRecent(requiredSeconds(claims, "iat") * 1000, expected);
  const answer = ownMember(claims, "token_introspection");
  if (answer === undefined) throw new VerificationError("missing-claim", "token_introspection is missing");
  if (!isJsonObject(answer) || typeof answer.active !== "boolean")
    throw new VerificationError("malformed", "token_introspection must say whether the token is active");
  return { ...answer, active: answer.active };
}

function requireRecent(at: number, { now, maxAgeSeconds }: { now: number; maxAgeSeconds: number }): void {
  if (at > now + clockSkewSeconds * 1000)
    throw new VerificationError("not-yet-valid", "it lies in the future");
  if (!(now < at + maxAgeSeconds * 1000)) throw new VerificationError("stale", "the answer is too old");
}
