import { type Grant, parseGrants } from "../grant/index.ts";
import { isJsonObject, type Json, type JsonObject } from "../jcs/index.ts";
import { optionalText, ownMember, requiredJti, requiredSeconds, requiredText } from "../jws/index.ts";
import { VerificationError } from "../verification-error.ts";
import { type Act, parseAct } from "./act.ts";
import { isStrength, type Strength } from "./strength.ts";

/** One link of the chain of delegations, from the person to the one who acts. */
export type ChainLink = { edge: string; agent: string };

/**
 * What an access token says. Times are seconds since 1970.
 *
 * @see RFC 9068 §2.2, RFC 9396 §9.1, RFC 9449 §6.1
 */
export type AccessTokenClaims = {
  iss: string;
  /** The person for whom it is done, or the agent itself when it acts on its own. */
  sub: string;
  /** The one resource it is for. */
  aud: string;
  client_id: string;
  iat: number;
  exp: number;
  jti: string;
  /** Thumbprint of the only key that may use the token. */
  cnf: { jkt: string };
  act?: Act;
  /** What it permits; never empty. */
  authorization_details: Grant[];
  /** The revocation keys that kill this token, as `kind:name`. */
  rev: string[];
  strength: Strength;
  chain?: ChainLink[];
  /** The issuer decides about each call before it runs: policy asks what was called before. */
  per_call?: true;
} & { [name in (typeof optionalTexts)[number]]?: string };

/** What services decide by, each a text that may be absent. */
const optionalTexts = [
  "task",
  "purpose",
  "agent",
  "agent_class",
  "agent_version",
  "environment",
  "region",
  "instance",
  "model",
  "policy_version",
  "decision",
  "chain_hash",
  "approval",
] as const;

const maximumChain = 8;
const maximumRevocationKeys = 64;

/**
 * Reads the claims of an access token, each with its type. Claims that are not ours are left out; inside
 * `act`, `cnf`, `chain` and the grants nothing unknown is tolerated.
 *
 * @throws VerificationError `malformed`, `missing-claim`
 */
export function parseAccessTokenClaims(claims: JsonObject): AccessTokenClaims {
  return {
    iss: requiredText(claims, "iss"),
    sub: requiredText(claims, "sub"),
    aud: parseAudience(claims),
    client_id: requiredText(claims, "client_id"),
    iat: requiredSeconds(claims, "iat"),
    exp: requiredSeconds(claims, "exp"),
    jti: requiredJti(claims),
    cnf: parseConfirmation(required(claims, "cnf")),
    ...(Object.hasOwn(claims, "act") ? { act: parseAct(required(claims, "act")) } : {}),
    authorization_details: parseGrants(required(claims, "authorization_details")),
    rev: parseRevocationKeys(claims),
    strength: parseStrength(required(claims, "strength")),
    ...(Object.hasOwn(claims, "chain") ? { chain: parseChain(claims) } : {}),
    ...(Object.hasOwn(claims, "per_call") ? { per_call: parsePerCall(claims) } : {}),
    ...parseOptionalTexts(claims),
  };
}

function parsePerCall(claims: JsonObject): true {
  if (ownMember(claims, "per_call") === true) return true;
  throw new VerificationError("malformed", "per_call is true or absent");
}

function parseAudience(claims: JsonObject): string {
  const aud = required(claims, "aud");
  return requiredText({ aud: Array.isArray(aud) && aud.length === 1 ? (aud[0] ?? null) : aud }, "aud");
}

function parseConfirmation(cnf: Json): { jkt: string } {
  const jkt = isJsonObject(cnf) && Object.keys(cnf).length === 1 ? cnf.jkt : undefined;
  if (typeof jkt === "string" && /^[A-Za-z0-9_-]{43}$/.test(jkt)) return { jkt };
  throw new VerificationError("malformed", "cnf must hold the thumbprint of a key, jkt, and nothing else");
}

function parseRevocationKeys(claims: JsonObject): string[] {
  const keys = parseList(claims, "rev");
  if (keys.length > 0 && keys.length <= maximumRevocationKeys && keys.every(isRevocationKey)) return keys;
  throw new VerificationError(
    "malformed",
    `rev must be 1 to ${maximumRevocationKeys} keys of the form kind:name`,
  );
}

function isRevocationKey(key: Json): key is string {
  return typeof key === "string" && key.length <= 2200 && /^[a-z-]+:[^\s]+$/.test(key);
}

function parseStrength(strength: Json): Strength {
  if (isStrength(strength)) return strength;
  throw new VerificationError("malformed", "strength is not one that is known");
}

function parseChain(claims: JsonObject): ChainLink[] {
  const links = parseList(claims, "chain");
  if (links.length > maximumChain)
    throw new VerificationError("malformed", `chain has more than ${maximumChain} links`);
  return links.map((link) => {
    if (!isJsonObject(link) || Object.keys(link).length !== 2) {
      throw new VerificationError("malformed", "a link of the chain holds edge and agent only");
    }
    return { edge: requiredText(link, "edge"), agent: requiredText(link, "agent") };
  });
}

function parseOptionalTexts(claims: JsonObject): { [name in (typeof optionalTexts)[number]]?: string } {
  const texts: { [name in (typeof optionalTexts)[number]]?: string } = {};
  for (const name of optionalTexts) {
    const text = optionalText(claims, name);
    if (text !== undefined) texts[name] = text;
  }
  return texts;
}

function parseList(claims: JsonObject, name: string): Json[] {
  const list = required(claims, name);
  if (Array.isArray(list)) return list;
  throw new VerificationError("malformed", `${name} must be an array`);
}

function required(claims: JsonObject, name: string): Json {
  const value = ownMember(claims, name);
  if (value === undefined) throw new VerificationError("missing-claim", `${name} is missing`);
  return value;
}
