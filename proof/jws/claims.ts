import { isJsonObject, type Json, type JsonObject } from "../jcs/index.ts";
import { VerificationError } from "../verification-error.ts";

/** The longest text claim, in UTF-16 code units. */
const maximumText = 2048;

/** The claims set of a JWT: its payload must be an object. */
export function claimsOf(payload: Json): JsonObject {
  if (isJsonObject(payload)) return payload;
  throw new VerificationError("malformed", "the claims must be an object");
}

/** A claim that must be there and be a string of 1 to 2048 characters. */
export function requiredText(claims: JsonObject, name: string): string {
  const text = optionalText(claims, name);
  if (text === undefined) throw new VerificationError("missing-claim", `${name} is missing`);
  return text;
}

/** A claim that may be there, and is then a string of 1 to 2048 characters. */
export function optionalText(claims: JsonObject, name: string): string | undefined {
  const value = ownMember(claims, name);
  if (value === undefined) return undefined;
  if (typeof value === "string" && value.length > 0 && value.length <= maximumText) return value;
  throw new VerificationError("malformed", `${name} must be a string of 1 to ${maximumText} characters`);
}

/** A NumericDate that must be there: whole seconds since 1970. */
export function requiredSeconds(claims: JsonObject, name: string): number {
  const seconds = optionalSeconds(claims, name);
  if (seconds === undefined) throw new VerificationError("missing-claim", `${name} is missing`);
  return seconds;
}

/** A NumericDate that may be there: whole seconds since 1970. */
export function optionalSeconds(claims: JsonObject, name: string): number | undefined {
  const value = ownMember(claims, name);
  if (value === undefined) return undefined;
  // The bound keeps milliseconds made from it exact.
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 1e12) return value;
  throw new VerificationError("malformed", `${name} must be whole seconds since 1970`);
}

/** `jti`: 1 to 128 printable ASCII characters, so that whoever remembers it remembers little. */
export function requiredJti(claims: JsonObject): string {
  const jti = requiredText(claims, "jti");
  if (/^[\x21-\x7e]{1,128}$/.test(jti)) return jti;
  throw new VerificationError("malformed", "jti must be 1 to 128 printable ASCII characters");
}

/** `aud`: exactly this one audience, as a string or as an array of one. */
export function requireAudience(claims: JsonObject, audience: string): void {
  const aud = ownMember(claims, "aud");
  if (aud === undefined) throw new VerificationError("missing-claim", "aud is missing");
  const only = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud;
  if (only !== audience) throw new VerificationError("wrong-audience", "the audience is another one");
}

/** `iss`: exactly this issuer. */
export function requireIssuer(claims: JsonObject, issuer: string): void {
  if (requiredText(claims, "iss") !== issuer)
    throw new VerificationError("wrong-issuer", "the issuer is another one");
}

/** A claim that must be there, whatever it is. */
export function requiredMember(claims: JsonObject, name: string): Json {
  const value = ownMember(claims, name);
  if (value === undefined) throw new VerificationError("missing-claim", `${name} is missing`);
  return value;
}

/** A member by name, never something that every object inherits. */
export function ownMember(claims: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}
