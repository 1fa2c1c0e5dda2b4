import type { KeyObject } from "node:crypto";
import { algorithmOf, type KeySet } from "../jwk/index.ts";
import {
  claimsOf,
  requireAlive,
  requireAudience,
  requireIssuer,
  requireReadable,
  signCompact,
  verifyCompact,
} from "../jws/index.ts";
import { VerificationError } from "../verification-error.ts";
import { parseTxnTokenClaims, type TxnTokenClaims } from "./claims.ts";

const typ = "txntoken+jwt";

/** What the receiver's own domain is, and whose keys count in it. */
type Domain = {
  /** The trust domain: `example.org`. */
  trustDomain: string;
  issuer: string;
  keys: KeySet;
  /** Milliseconds since 1970. `exp` has no leeway. */
  now: number;
  /** Whether any of these revocation keys has been revoked. */
  isDead?: ((rev: string[]) => boolean) | undefined;
};

/**
 * Signs a transaction token. The claims pass the receiver's own reading first.
 *
 * @throws VerificationError `malformed`, `missing-claim`, `too-long-lived`, `wrong-alg`, `too-large`
 */
export function issueTxnToken(claims: TxnTokenClaims, signer: { kid: string; key: KeyObject }): string {
  if (algorithmOf(signer.key) !== "ES256")
    throw new VerificationError("wrong-alg", "transaction tokens are signed ES256");
  const payload = parseTxnTokenClaims(claims);
  return requireReadable(signCompact({ header: { typ, kid: signer.kid }, payload, key: signer.key }));
}

/**
 * Reads a transaction token of one's own domain, for whatever call it is. Only the one who replaces it by another
 * may stop here.
 *
 * @throws VerificationError `malformed`, `not-canonical`, `too-large`, `missing-claim`, `wrong-typ`,
 *   `wrong-alg`, `unknown-key`, `bad-signature`, `wrong-issuer`, `wrong-audience`, `expired`,
 *   `not-yet-valid`, `too-long-lived`, `dead`
 */
export function readTxnToken(attackerToken: string, domain: Domain): TxnTokenClaims {
  const { payload } = verifyCompact(attackerToken, {
    typ,
    algs: ["ES256"],
    resolve: ({ kid }) => (kid === undefined ? undefined : domain.keys.get(kid)),
  });
  const claims = claimsOf(payload);
  requireIssuer(claims, domain.issuer);
  requireAudience(claims, domain.trustDomain);
  requireAlive(claims, domain.now);
  const token = parseTxnTokenClaims(claims);
  if (domain.isDead?.(token.rev)) throw new VerificationError("dead", "the token has been revoked");
  return token;
}

/**
 * Verifies a transaction token for the one call that it came with. It may count once: whoever asked must remember
 * `replayKey` until `expiresAt`. It authenticates nobody: who sends it is known by the connection.
 *
 * @param expected.resource the resource at which the tool was called, exactly
 * @param expected.tool the tool, exactly
 * @param expected.argsHash base64url SHA-256 of the canonical arguments that came
 * @param expected.from SPIFFE ID of whoever sends it, where the connection has proven one
 * @throws VerificationError as `readTxnToken`; `wrong-url` for another resource, `wrong-tool`,
 *   `wrong-arguments`, `not-bound` when it was given to another workload than sends it
 * @see Transaction Tokens §10
 */
export function verifyTxnToken(
  attackerToken: string,
  expected: Domain & { resource: string; tool: string; argsHash: string; from?: string | undefined },
): { claims: TxnTokenClaims; replayKey: string; expiresAt: number } {
  const claims = readTxnToken(attackerToken, expected);
  const { resource, tool, args_hash } = claims.tctx;
  if (resource !== expected.resource) throw new VerificationError("wrong-url", "it is for another resource");
  if (tool !== expected.tool) throw new VerificationError("wrong-tool", "it is for another tool");
  if (args_hash !== expected.argsHash)
    throw new VerificationError("wrong-arguments", "it is for other arguments");
  if (expected.from !== undefined && claims.req_wl.split(" ").at(-1) !== expected.from)
    throw new VerificationError("not-bound", "it was given to another workload");
  return { claims, replayKey: `${claims.txn}|${claims.req_wl}`, expiresAt: claims.exp * 1000 };
}
