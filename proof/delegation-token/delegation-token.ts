import type { KeyObject } from "node:crypto";
import { isJsonObject, type Json, type JsonObject } from "../jcs/index.ts";
import type { Algorithm, KeySet } from "../jwk/index.ts";
import {
  claimsOf,
  ownMember,
  requireAlive,
  requireAudience,
  requiredJti,
  requiredSeconds,
  requiredText,
  requireIssuer,
  signCompact,
  verifyCompact,
} from "../jws/index.ts";
import { VerificationError } from "../verification-error.ts";

/** `subject_token_type` under which a delegation token is exchanged. */
export const delegationTokenType = "urn:countersign:params:oauth:token-type:delegation";

const typ = "delegation+jwt";
const algs: readonly Algorithm[] = ["ES256", "EdDSA"];

/**
 * A ticket that names one recorded delegation. It carries no authority of its own: only the agent that it
 * names can exchange it, authenticated by its own key, and the delegation is judged anew when it does. Times
 * are seconds since 1970.
 *
 * @see RFC 8693 §4.4
 */
export type DelegationTokenClaims = {
  iss: string;
  /** The issuer again: nobody else has a use for it. */
  aud: string;
  /** The person at the root of the delegation. */
  sub: string;
  /** The agent that may act. */
  may_act: { sub: string };
  /** The recorded delegation. */
  edge: string;
  task: string;
  iat: number;
  exp: number;
  jti: string;
};

/**
 * Signs a delegation token.
 *
 * @param signer the issuer's key and its `kid` in the published set
 * @throws VerificationError `malformed`, `missing-claim`, `wrong-audience`, `wrong-alg`
 */
export function issueDelegationToken(
  claims: DelegationTokenClaims,
  signer: { kid: string; key: KeyObject },
): string {
  const payload = parseClaims(claims);
  requireAudience(payload, payload.iss);
  if (payload.exp <= payload.iat) throw new VerificationError("malformed", "exp must lie after iat");
  return signCompact({ header: { typ, kid: signer.kid }, payload, key: signer.key });
}

/**
 * Verifies a delegation token for the agent that presents it.
 *
 * @param expected.issuer our issuer identifier, exactly
 * @param expected.actor name of the agent that has authenticated
 * @param expected.keys the keys that sign delegation tokens, imported once by `createKeySet`
 * @param expected.now milliseconds since 1970; `exp` has no leeway, `iat` and `nbf` have 30 s
 * @throws VerificationError as `readDelegationToken`, and `not-bound` when it names another agent
 */
export function verifyDelegationToken(
  attackerToken: string,
  expected: { issuer: string; actor: string; keys: KeySet; now: number },
): DelegationTokenClaims {
  const ticket = readDelegationToken(attackerToken, expected);
  if (ticket.may_act.sub === expected.actor) return ticket;
  throw new VerificationError("not-bound", "the delegation is to another agent");
}

/**
 * Reads a delegation token that the issuer has signed and that is alive. Whether whoever presents it is the
 * agent that it names, is the caller's to check.
 *
 * @throws VerificationError `malformed`, `not-canonical`, `too-large`, `missing-claim`, `wrong-typ`,
 *   `wrong-alg`, `unknown-key`, `bad-signature`, `wrong-issuer`, `wrong-audience`, `expired`, `not-yet-valid`
 */
export function readDelegationToken(
  attackerToken: string,
  expected: { issuer: string; keys: KeySet; now: number },
): DelegationTokenClaims {
  const { payload } = verifyCompact(attackerToken, {
    typ,
    algs,
    resolve: ({ kid }) => (kid === undefined ? undefined : expected.keys.get(kid)),
  });
  const claims = claimsOf(payload);
  requireIssuer(claims, expected.issuer);
  requireAudience(claims, expected.issuer);
  requireAlive(claims, expected.now);
  return parseClaims({ ...claims, aud: expected.issuer });
}

function parseClaims(claims: JsonObject): DelegationTokenClaims {
  return {
    iss: requiredText(claims, "iss"),
    aud: requiredText(claims, "aud"),
    sub: requiredText(claims, "sub"),
    may_act: parseMayAct(ownMember(claims, "may_act")),
    edge: requiredText(claims, "edge"),
    task: requiredText(claims, "task"),
    iat: requiredSeconds(claims, "iat"),
    exp: requiredSeconds(claims, "exp"),
    jti: requiredJti(claims),
  };
}

function parseMayAct(mayAct: Json | undefined): { sub: string } {
  if (mayAct === undefined) throw new VerificationError("missing-claim", "may_act is missing");
  if (isJsonObject(mayAct) && Object.keys(mayAct).length === 1) return { sub: requiredText(mayAct, "sub") };
  throw new VerificationError("malformed", "may_act names one agent by sub, and nothing else");
}
