import type { Json } from "@countersign/proof/jcs";

/**
 * What a JSON Pointer points at, or nothing.
 * @param pointer well-formed
 * @see RFC 6901 §4
 */
export function pointedAt(document: Json, pointer: string): Json | undefined {
  let found: Json | undefined = document;
  for (const token of pointer.split("/").slice(1)) {
    if (found === undefined) return undefined;
    found = memberOf(found, token.replaceAll("~1", "/").replaceAll("~0", "~"));
  }
  return found;
}

/** An own member, or an item by its number. */
function memberOf(value: Json, name: string): Json | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) return /^(?:0|[1-9]\d*)$/.test(name) ? value[Number(name)] : undefined;
  return Object.hasOwn(value, name) ? value[name] : undefined;
}
