import { decodeBase64url, encodeBase64url } from "../digest/index.ts";
import { orRefuse, VerificationError } from "../verification-error.ts";

/** Bytes as base64 with padding, as signed notes and tlog-proofs write them. */
export function encodeBase64(bytes: Uint8Array): string {
  const text = encodeBase64url(bytes).replaceAll("-", "+").replaceAll("_", "/");
  return text.padEnd(Math.ceil(text.length / 4) * 4, "=");
}

/**
 * The bytes of a base64 text, for which this is the only text.
 *
 * @throws VerificationError `malformed`
 * @see RFC 4648 §4
 */
export function decodeBase64(attackerText: string): Uint8Array {
  const unpadded = attackerText
    .replace(/={1,2}$/, "")
    .replaceAll("+", "-")
    .replaceAll("/", "_");
  const bytes = orRefuse("malformed", "base64", () => decodeBase64url(unpadded));
  // The letters of base64url, and padding that is missing or too much, only show in writing it again.
  if (encodeBase64(bytes) !== attackerText) throw new VerificationError("malformed", "not base64");
  return bytes;
}
