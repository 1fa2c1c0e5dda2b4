import { decodeBase64url } from "../digest/index.ts";
import { isJsonObject, type Json, type JsonObject, parseStrict } from "../jcs/index.ts";
import { ownMember } from "../jws/index.ts";
import { orRefuse, VerificationError } from "../verification-error.ts";
import type { TokenKind } from "./inspection.ts";

/** The longest text that is looked at, in characters. */
const longest = 262_144;

/** A compact form of which nothing is believed. */
export type RawToken = { compact: string; header: JsonObject; claims: JsonObject; kind: TokenKind };

/**
 * Takes a compact form apart, as strictly as any verifier reads JSON.
 *
 * @throws VerificationError `malformed`, `not-canonical`, `too-large`
 */
export function rawToken(attackerCompact: string): RawToken {
  if (attackerCompact.length > longest) throw new VerificationError("too-large", "the text is too long");
  const [header, payload, signature, ...rest] = attackerCompact.split(".", 4);
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0) {
    throw new VerificationError("malformed", "a signed token has three parts with dots between");
  }
  const read = { header: objectOf("the header", header), claims: objectOf("the claims", payload) };
  return { compact: attackerCompact, ...read, kind: kindOf(read.header, read.claims) };
}

function objectOf(what: string, encoded: string): JsonObject {
  const bytes = orRefuse("not-canonical", what, () => decodeBase64url(encoded));
  const json = orRefuse("malformed", what, () => parseStrict(bytes));
  if (isJsonObject(json)) return json;
  throw new VerificationError("malformed", `${what} must be an object`);
}

const kinds: ReadonlyMap<string, TokenKind> = new Map([
  ["at+jwt", "access-token"],
  ["warrant+jwt", "warrant"],
  ["delegation+jwt", "delegation-ticket"],
  ["dpop+jwt", "dpop-proof"],
  ["client-authentication+jwt", "client-assertion"],
  ["txntoken+jwt", "transaction-token"],
  ["oauth-id-jag+jwt", "id-jag"],
  ["statuslist+jwt", "status-list"],
]);

function kindOf(header: JsonObject, claims: JsonObject): TokenKind {
  const typ = textOf(header, "typ")?.toLowerCase().replace("application/", "");
  const named = kinds.get(typ ?? "");
  if (named !== undefined) return named;
  // Older clients send assertions as "JWT", or without a type.
  const isAssertion = textOf(claims, "iss") !== undefined && textOf(claims, "iss") === textOf(claims, "sub");
  return (typ === undefined || typ === "jwt") && isAssertion ? "client-assertion" : "other";
}

/** A member that is a text; anything else is as if it were not there. */
export function textOf(object: JsonObject, name: string): string | undefined {
  const value = ownMember(object, name);
  return typeof value === "string" ? value : undefined;
}

export function numberOf(object: JsonObject, name: string): number | undefined {
  const value = ownMember(object, name);
  return typeof value === "number" ? value : undefined;
}

export function objectIn(value: Json | undefined, name: string): JsonObject | undefined {
  const inner = isJsonObject(value) ? ownMember(value, name) : undefined;
  return isJsonObject(inner) ? inner : undefined;
}
