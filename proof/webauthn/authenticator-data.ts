import { VerificationError } from "../verification-error.ts";
import { decodeCbor } from "./cbor.ts";

/** What the authenticator says of an assertion. */
export type AuthenticatorData = {
  /** SHA-256 of the relying party's id. */
  rpIdHash: Uint8Array;
  userPresent: boolean;
  userVerified: boolean;
  /** 0 for authenticators that do not count. */
  signCount: number;
};

const fixedSize = 37;
const flag = {
  userPresent: 0x01,
  userVerified: 0x04,
  backupEligible: 0x08,
  backedUp: 0x10,
  attested: 0x40,
  extensions: 0x80,
};

/**
 * Reads the authenticator data of an assertion, in which no attested credential may stand.
 *
 * @throws VerificationError `malformed`
 * @see WebAuthn Level 3 §6.1
 */
export function parseAuthenticatorData(attackerBytes: Uint8Array): AuthenticatorData {
  if (attackerBytes.length < fixedSize) throw malformed();
  const flags = attackerBytes[32] ?? 0;
  const has = (bit: number) => (flags & bit) !== 0;
  if (has(flag.attested) || (has(flag.backedUp) && !has(flag.backupEligible))) throw malformed();
  requireExtensions(attackerBytes.subarray(fixedSize), has(flag.extensions));
  return {
    rpIdHash: attackerBytes.subarray(0, 32),
    userPresent: has(flag.userPresent),
    userVerified: has(flag.userVerified),
    signCount: new DataView(attackerBytes.buffer, attackerBytes.byteOffset).getUint32(33),
  };
}

/** Behind the counter stands one CBOR map if the flag says so, else nothing. */
function requireExtensions(rest: Uint8Array, announced: boolean): void {
  if (announced ? !(decodeCbor(rest) instanceof Map) : rest.length > 0) throw malformed();
}

function malformed(): VerificationError {
  return new VerificationError("malformed", "not the authenticator data of an assertion");
}
