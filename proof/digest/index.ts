/** SHA-256, and base64url in its only canonical form. */
export { decodeBase64url, encodeBase64url } from "./base64url.ts";
export { sha256, sha256Base64url } from "./sha256.ts";
