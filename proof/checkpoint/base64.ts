import { VerificationError } from "../verification-error.ts";

/** Bytes as base64 with padding, as signed notes and tlog-proofs write them. */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/**
 * The bytes of a base64 text, for which this is the only text.
 *
 * @throws VerificationError `malformed`
 * @see RFC 4648 §4
 */
export function decodeBase64(attackerText: string): Uint8Array {
  const bytes = Buffer.from(attackerText, "base64");
  // Buffer skips what it does not know; only writing the bytes again shows whether it did.
  if (bytes.toString("base64") !== attackerText) throw new VerificationError("malformed", "not base64");
  return bytes;
}
