/** For tests only: processes of agents as callers, and what they send that vouch for others. */
import type { KeyObject } from "node:crypto";
import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { publicJwkOf } from "@countersign/proof/jwk";
import { signCompact } from "@countersign/proof/jws";
import type { Caller } from "../lib/index.ts";

export const agentCaller = (principal: string, instance: string): Caller => ({
  principal,
  kind: "agent",
  strength: "attested-svid",
  via: "access-token",
  roles: [],
  instance,
});

/** What a process sends that vouches for an agent within it. */
export function vouchingAt(now: number, agent: string, voucher: string, key: KeyObject) {
  const token_hash = sha256Base64url(canonicalize({ voucher, agent }));
  const iat = Math.floor(now / 1000);
  const payload = { aud: "http://localhost:4600", token_hash, iat, jti: "vouch" };
  const attackerProof = signCompact({ header: { typ: "vouch+jwt" }, payload, key });
  return { agent, attackerJwk: publicJwkOf(key) as Json, attackerProof };
}
