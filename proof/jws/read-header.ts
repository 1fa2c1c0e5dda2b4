import { decodeBase64url, encodeBase64url } from "../digest/index.ts";
import { deepFrozen, isJsonObject, type Json, parseStrict } from "../jcs/index.ts";
import { orRefuse } from "../verification-error.ts";

const longestKept = 512;
const mostKept = 256;

/**
 * The headers that were read last, by their text: there are few, one for each key that signs. What a text
 * says follows from the text alone; whether it may stand there is judged each time.
 */
const known = new Map<string, Json>();

/**
 * The JSON of an encoded header, not yet judged.
 *
 * @throws VerificationError `not-canonical`, `malformed`
 */
export function readHeaderJson(attackerEncoded: string): Json {
  const read = known.get(attackerEncoded);
  if (read !== undefined) return read;
  const bytes = orRefuse("not-canonical", "the header", () => decodeBase64url(attackerEncoded));
  const json = orRefuse("malformed", "the header", () => frozen(parseStrict(bytes)));
  if (attackerEncoded.length > longestKept) return json;
  if (known.size >= mostKept) known.clear();
  // Written anew: a piece of the token would keep the whole token in memory.
  known.set(encodeBase64url(bytes), json);
  return json;
}

/** Whoever reads it next must find it unchanged. */
const frozen = (json: Json): Json => (isJsonObject(json) ? deepFrozen(json) : json);
