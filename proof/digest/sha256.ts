/** SHA-256 as 32 bytes, and as base64url without padding, 43 characters. A string is hashed as UTF-8. */
export { sha256, sha256Base64url } from "#native";
