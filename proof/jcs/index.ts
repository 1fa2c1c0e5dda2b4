/**
 * Canonical JSON (RFC 8785) and the strict reading of hostile JSON. These files run unchanged in a browser:
 * the approval page computes what a person signs with them. They import nothing but each other.
 */
export { canonicalBytes, canonicalize } from "./canonicalize.ts";
export { deepFrozen } from "./deep-frozen.ts";
export { isJsonObject, type Json, JsonError, type JsonObject, maximumDepth } from "./json.ts";
export { parseCanonical } from "./parse-canonical.ts";
export { parseStrict } from "./parse-strict.ts";
