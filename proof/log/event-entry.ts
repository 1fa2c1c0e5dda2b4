import { canonicalBytes, isJsonObject, JsonError, type JsonObject, parseStrict } from "../jcs/index.ts";
import { sameHash as sameBytes } from "../merkle/index.ts";

/** An event as it stands in the log. */
export type EventEntry = { id: string; event: JsonObject };

/**
 * Reads an entry: the one canonical text of a JSON object that has an `id`. Undefined for anything else,
 * since two texts for one event would let it stand in the log twice.
 *
 * @see RFC 8785
 */
export function readEventEntry(attackerBytes: Uint8Array): EventEntry | undefined {
  try {
    const event = parseStrict(attackerBytes);
    if (!isJsonObject(event) || !isCanonical(event, attackerBytes)) return undefined;
    const { id } = event;
    return typeof id === "string" && id !== "" ? { id, event } : undefined;
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}

function isCanonical(event: JsonObject, bytes: Uint8Array): boolean {
  return sameBytes(canonicalBytes(event), bytes);
}
