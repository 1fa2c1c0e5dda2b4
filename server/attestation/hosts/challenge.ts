import { decodeBase64url, encodeBase64url } from "@countersign/proof/digest";
import { Fault, minutes } from "../../lib/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";

/** How long a machine has to answer. */
const LIFETIME = minutes(2);
const AAD = Buffer.from("host challenge");
const CHANCE_BYTES = 16;

/**
 * A nonce for a machine to sign or to have signed. It says itself until when it is good, sealed, so that nobody
 * can fill a table by asking. A proof with it that was used has its key on record, which joins once.
 */
export function newChallenge(deps: AttestationDeps): { nonce: string; expires: number } {
  const expires = deps.clock.now() + LIFETIME;
  const bytes = Buffer.alloc(8 + CHANCE_BYTES);
  bytes.writeBigUInt64BE(BigInt(expires));
  bytes.set(deps.random.bytes(CHANCE_BYTES), 8);
  return { nonce: encodeBase64url(deps.sealer.seal(bytes, AAD)), expires };
}

/**
 * @returns when it was handed out, milliseconds since the epoch: what answers it cannot be older
 * @throws Fault `unauthenticated`, reason `challenge-not-ours` or `challenge-expired`
 */
export function requireChallenge(deps: AttestationDeps, attackerNonce: string): number {
  const expires = expiryOf(deps, attackerNonce);
  if (deps.clock.now() >= expires) throw refused("challenge-expired");
  return expires - LIFETIME;
}

function expiryOf({ sealer }: AttestationDeps, attackerNonce: string): number {
  try {
    const bytes = Buffer.from(sealer.open(decodeBase64url(attackerNonce), AAD));
    if (bytes.length !== 8 + CHANCE_BYTES) throw new Error("of another length");
    return Number(bytes.readBigUInt64BE());
  } catch (cause) {
    throw refused("challenge-not-ours", cause);
  }
}

const refused = (reason: string, cause?: unknown): Fault =>
  new Fault("unauthenticated", "This challenge does not hold.", {
    remedy: "Ask for a new one, and answer it within two minutes.",
    members: { reason },
    record: { reason },
    cause,
  });
