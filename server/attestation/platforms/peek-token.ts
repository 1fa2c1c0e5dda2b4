import { decodeBase64url } from "@countersign/proof/digest";
import { isJsonObject, type JsonObject, parseStrict } from "@countersign/proof/jcs";
import { refused } from "./refused.ts";

const LONGEST = 8_192;

/** What a token says of itself, before anything about it is verified. */
export interface PeekedToken {
  readonly attackerHeader: JsonObject;
  readonly attackerClaims: JsonObject;
}

/** Read as strictly as our own: each member once, one reading for everybody. @throws Fault, reason `malformed` */
export function peekToken(attackerToken: string): PeekedToken {
  const [header = "", claims = "", ...signature] = attackerToken.split(".");
  if (attackerToken.length > LONGEST || signature.length !== 1) throw malformed();
  return { attackerHeader: objectIn(header), attackerClaims: objectIn(claims) };
}

function objectIn(attackerPart: string): JsonObject {
  try {
    const value = parseStrict(decodeBase64url(attackerPart));
    if (isJsonObject(value)) return value;
  } catch (cause) {
    throw malformed(cause);
  }
  throw malformed();
}

const malformed = (cause?: unknown) =>
  refused("malformed", "This is no signed token that can be read without doubt.", { cause });
