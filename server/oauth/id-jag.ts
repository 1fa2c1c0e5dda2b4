import { sha256Base64url } from "@countersign/proof/digest";
import { type Grant, parseGrants } from "@countersign/proof/grant";
import { isJsonObject, type Json, type JsonObject } from "@countersign/proof/jcs";
import { hours, seconds } from "../lib/index.ts";
import type { ForeignPerson } from "../login/index.ts";

/** The media type of an identity assertion authorization grant. @see draft-ietf-oauth-identity-assertion-authz-grant §3 */
export const ID_JAG_TYP = "oauth-id-jag+jwt";

const SKEW = seconds(30);
/** Longer than any honest one lives; for so long its id is remembered. */
const LONGEST = hours(1);

/** What an identity provider says: this person signed in, and this client may act for her here. */
export interface IdJag {
  readonly jti: string;
  readonly person: ForeignPerson;
  readonly clientId: string;
  /** Limits that the provider set; nothing beyond them is given. */
  readonly resources?: readonly string[];
  readonly grants?: readonly Grant[];
  readonly scope?: readonly string[];
  /** Thumbprint of the only key that may bring it. */
  readonly jkt?: string;
  readonly acr?: string;
  /** Seconds since the epoch. */
  readonly authTime?: number;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/**
 * Reads the claims of an assertion whose signature holds. `act` is passed over: who acts is who authenticates
 * here. Claims that nobody here knows limit nothing and are passed over, too.
 * @param expected.issuer the provider's, `expected.audience` our own, both exactly
 * @throws Error for whatever is missing, malformed, for somebody else, or not of this moment
 * @see draft-ietf-oauth-identity-assertion-authz-grant §3.1 and §5
 */
export function readIdJag(
  claims: JsonObject,
  expected: { readonly issuer: string; readonly audience: string; readonly now: number },
): IdJag {
  if (claims.iss !== expected.issuer) throw new Error("it is another issuer's");
  if (onlyAudience(claims.aud) !== expected.audience) throw new Error("it is for somebody else");
  return {
    jti: textIn(claims, "jti"),
    person: personIn(claims),
    clientId: textIn(claims, "client_id"),
    ...limitsIn(claims),
    ...("cnf" in claims ? { jkt: thumbprintIn(claims.cnf) } : {}),
    ...proofIn(claims),
    expires: expiryIn(claims, expected.now),
  };
}

/** One audience, or a list of one: where there are more, somebody else could use it, too. */
const onlyAudience = (aud: Json | undefined): Json | undefined =>
  Array.isArray(aud) && aud.length === 1 ? aud[0] : aud;

function personIn(claims: JsonObject): ForeignPerson {
  const { email, email_verified: emailVerified } = claims;
  return {
    sub: textIn(claims, "sub"),
    ...(typeof email === "string" ? { email } : {}),
    ...(typeof emailVerified === "boolean" ? { emailVerified } : {}),
  };
}

function limitsIn({ resource, authorization_details: details, scope }: JsonObject) {
  return {
    ...(resource === undefined ? {} : { resources: textsIn(resource) }),
    ...(details === undefined ? {} : { grants: parseGrants(details) }),
    ...(scope === undefined ? {} : { scope: words(scope) }),
  };
}

function textsIn(value: Json): string[] {
  const list = typeof value === "string" ? [value] : value;
  if (Array.isArray(list) && list.length > 0 && list.every((each) => typeof each === "string")) return list;
  throw new Error("resource is neither a text nor a list of texts");
}

function words(scope: Json): string[] {
  if (typeof scope !== "string") throw new Error("scope is no text");
  return scope.split(" ").filter((word) => word !== "");
}

function thumbprintIn(cnf: Json | undefined): string {
  const only = isJsonObject(cnf) && Object.keys(cnf).length === 1 ? cnf.jkt : undefined;
  if (typeof only === "string" && only !== "") return only;
  throw new Error("it is bound by something else than one key");
}

/** How she proved herself. What only Countersign can say of her, nobody else says. */
function proofIn({ acr, auth_time: authTime }: JsonObject): Pick<IdJag, "acr" | "authTime"> {
  const foreign = typeof acr === "string" && /^[!-~]{1,200}$/.test(acr) && !/^urn:countersign:/i.test(acr);
  return {
    ...(foreign ? { acr } : {}),
    ...(typeof authTime === "number" && Number.isSafeInteger(authTime) && authTime > 0 ? { authTime } : {}),
  };
}

function expiryIn(claims: JsonObject, now: number): number {
  const [iat, exp] = [instantIn(claims, "iat"), instantIn(claims, "exp")];
  const nbf = "nbf" in claims ? instantIn(claims, "nbf") : iat;
  if (exp <= now) throw new Error("it has expired");
  if (Math.max(iat, nbf) > now + SKEW) throw new Error("it is of the future");
  if (exp > now + LONGEST || exp <= iat) throw new Error("it lives longer than any honest one");
  return exp;
}

function instantIn(claims: JsonObject, name: string): number {
  const value = claims[name];
  if (typeof value === "number" && Number.isSafeInteger(value) && value > 0) return seconds(value);
  throw new Error(`${name} is no time`);
}

function textIn(claims: JsonObject, name: string): string {
  const value = claims[name];
  if (typeof value === "string" && /^[!-~]{1,255}$/.test(value)) return value;
  throw new Error(`${name} is missing or no plain text`);
}

/** By what an assertion is known for good: its issuer and its id, however its signature was written. */
export const idJagKey = (provider: string, { jti }: IdJag): string => `${provider}|${sha256Base64url(jti)}`;
