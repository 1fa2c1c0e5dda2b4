import { canonicalize } from "./canonicalize.ts";
import { type Json, JsonError } from "./json.ts";
import { decodeUtf8, parseStrict } from "./parse-strict.ts";

/**
 * Reads JSON that must be in its one canonical form, so that no two texts can mean the same.
 *
 * @throws JsonError
 * @see RFC 8785
 */
export function parseCanonical(attackerBytes: Uint8Array): Json {
  const text = decodeUtf8(attackerBytes);
  const value = parseStrict(text);
  if (canonicalize(value) !== text) throw new JsonError("the text is not the canonical one");
  return value;
}
