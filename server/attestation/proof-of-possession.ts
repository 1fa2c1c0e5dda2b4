import type { Json } from "@countersign/proof/jcs";
import { importPublicJwk, type PublicJwk, parsePublicJwk } from "@countersign/proof/jwk";
import {
  claimsOf,
  clockSkewSeconds,
  requireAudience,
  requiredJti,
  requiredSeconds,
  requiredText,
  verifyCompact,
} from "@countersign/proof/jws";
import { Fault, inSeconds } from "../lib/index.ts";

/** How old a proof may be, in seconds. It is bound to a token that works once, so nothing is remembered. */
const LONGEST_AGE = 120;

/** What a proof is for: no proof for one passes for another. */
export type ProofType = "enrol+jwt" | "host-join+jwt" | "host-key+jwt" | "vouch+jwt";

/** What a proof must have been made for. */
export interface Expected {
  /** `enrol+jwt` unless said otherwise. */
  readonly typ?: ProofType;
  /** Our issuer. */
  readonly audience: string;
  /** Base64url of SHA-256 over what it comes with: the join token, or the canonical request around it. */
  readonly tokenHash: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Checks that whoever sent this public key holds the private one, and meant to use it here for exactly this:
 * a compact JWS of the type expected, by that key over `aud`, `token_hash`, `iat` and `jti`.
 * @returns the key, without anything else that was sent with it
 * @throws Fault `unauthenticated`
 * @see RFC 7515 §7.1
 */
export function verifyPossession(attackerJwk: Json, attackerProof: string, expected: Expected): PublicJwk {
  const { typ = "enrol+jwt" } = expected;
  try {
    const { kid: _, ...jwk } = parsePublicJwk(attackerJwk);
    const key = importPublicJwk(jwk);
    const { payload } = verifyCompact(attackerProof, {
      key,
      typ,
      algs: ["ES256", "EdDSA"],
      maxLength: 4_096,
    });
    const claims = claimsOf(payload);
    requireAudience(claims, expected.audience);
    requiredJti(claims);
    if (requiredText(claims, "token_hash") !== expected.tokenHash) throw new Error("made for another token");
    requireFresh(requiredSeconds(claims, "iat"), inSeconds(expected.now));
    return jwk;
  } catch (cause) {
    throw new Fault("unauthenticated", "The proof that this process holds the key does not hold.", {
      remedy: `Sign {aud, token_hash, iat, jti} with the key itself, typ ${typ}, at most ${LONGEST_AGE} s before.`,
      members: { reason: "key-not-proven" },
      cause,
    });
  }
}

function requireFresh(iat: number, now: number): void {
  if (iat < now - LONGEST_AGE || iat > now + clockSkewSeconds) throw new Error("too old, or from the future");
}
