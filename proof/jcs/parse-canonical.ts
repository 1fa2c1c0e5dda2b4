import { canonicalize, isRising } from "./canonicalize.ts";
import { type Json, JsonError, maximumDepth } from "./json.ts";
import { decodeUtf8, parseStrict } from "./parse-strict.ts";

/**
 * Reads JSON that must be in its one canonical form, so that no two texts can mean the same. Refuses whatever
 * `parseStrict` refuses, too.
 *
 * @param attackerBytes the JSON text in UTF-8
 * @throws JsonError
 * @see RFC 8785
 */
export function parseCanonical(attackerBytes: Uint8Array): Json {
  const text = decodeUtf8(attackerBytes);
  return parsedAtOnce(text) ?? parsedByHand(text);
}

function parsedByHand(text: string): Json {
  const value = parseStrict(text);
  if (canonicalize(value) !== text) throw new JsonError("the text is not the canonical one");
  return value;
}

/**
 * The engine's own reader and writer are three times faster than ours. A text that they give back letter for
 * letter has nothing twice and no white space, and every number is as it is written; what remains to look at
 * are the order of members, numbers that are not safe, lone surrogates and depth. Whatever is doubtful is
 * left to `parsedByHand`.
 *
 * @returns nothing where the text may or may not be canonical
 */
function parsedAtOnce(text: string): Json | undefined {
  if (text.includes("\\u")) return undefined;
  try {
    const value = JSON.parse(text) as Json;
    return JSON.stringify(value) === text && isCanonical(value, 0) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isCanonical(value: Json, depth: number): boolean {
  if (typeof value === "number") return !Number.isInteger(value) || Number.isSafeInteger(value);
  if (typeof value !== "object" || value === null) return true;
  if (depth === maximumDepth) return false;
  if (Array.isArray(value)) {
    for (const item of value) if (!isCanonical(item, depth + 1)) return false;
    return true;
  }
  const keys = Object.keys(value);
  for (const key of keys) if (!isCanonical(value[key] ?? null, depth + 1)) return false;
  return isRising(keys);
}
