import { hash } from "node:crypto";

export { isUtf8 } from "node:buffer";

/**
 * SHA-256 by OpenSSL. Node hands over a digest as text three times faster than as bytes; `binary`, which is
 * Latin-1, has one character per byte.
 */
export function sha256(data: Uint8Array | string): Uint8Array {
  return Buffer.from(hash("sha256", data, "binary"), "latin1");
}

/** SHA-256 as base64url without padding. */
export function sha256Base64url(data: Uint8Array | string): string {
  return hash("sha256", data, "base64url");
}
