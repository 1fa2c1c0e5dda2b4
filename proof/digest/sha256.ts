import { hash } from "node:crypto";

/** SHA-256, 32 bytes. A string is hashed as UTF-8. */
export function sha256(data: Uint8Array | string): Uint8Array {
  return hash("sha256", data, "buffer");
}

/** SHA-256 as base64url without padding, 43 characters. A string is hashed as UTF-8. */
export function sha256Base64url(data: Uint8Array | string): string {
  return hash("sha256", data, "base64url");
}
