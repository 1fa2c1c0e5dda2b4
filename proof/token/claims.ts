import { type Grant, parseGrants } from "../grant/index.ts";
import { isJsonObject, type Json, type JsonObject } from "../jcs/index.ts";
import {
  optionalText,
  ownMember,
  requiredMember as required,
  requiredJti,
  requiredSeconds,
  requiredText,
} from "../jws/claims.ts";
import { VerificationError } from "../verification-error.ts";
import { type Act, parseAct } from "./act.ts";
import { isStrength, type Strength } from "./strength.ts";

/** One link of the chain of delegations, from the person to the one who acts. */
export type ChainLink = { edge: string; agent: string };

/**
 * What whoever sends a token must prove to hold: the key with this thumbprint, by a DPoP proof (RFC 9449 §6.1),
 * or the certificate with this one, by the connection (RFC 8705 §3.1). Never both, never none.
 */
export type Confirmation = { jkt: string; "x5t#S256"?: never } | { "x5t#S256": string; jkt?: never };

/** A place in a list of statuses. @see Token Status List §6 */
export type StatusReference = { status_list: { idx: number; uri: string } };

/** A chain of warrants: the ids of its first and last link, and base64url SHA-256 of the last. */
export type WarrantReference = { root: string; leaf: string; h: string };

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
  /** The only key, or the only certificate, that may use the token. */
  cnf: Confirmation;
  act?: Act;
  /** What it permits; never empty. */
  authorization_details: Grant[];
  /** The revocation keys that kill this token, as `kind:name`. */
  rev: string[];
  strength: Strength;
  chain?: ChainLink[];
  /** When the person proved herself, in seconds. @see RFC 9068 §2.2.1 */
  auth_time?: number;
  /** Where strangers can ask whether it still holds. */
  status?: StatusReference;
  /** The warrant that it was exchanged for. */
  wrt?: WarrantReference;
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
  "acr",
  "txn",
  "image_digest",
  "model_digest",
  "evidence",
] as const;

const SHA256 = /^[A-Za-z0-9_-]{43}$/;
const maximumChain = 8;
/** As many dead keys as a token may carry: a chain of eight with everything distinct, and what is the holder's own. */
export const maximumRevocationKeys = 96;

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
    ...(Object.hasOwn(claims, "auth_time") ? { auth_time: requiredSeconds(claims, "auth_time") } : {}),
    ...(Object.hasOwn(claims, "status") ? { status: parseStatus(required(claims, "status")) } : {}),
    ...(Object.hasOwn(claims, "wrt") ? { wrt: parseWarrantReference(required(claims, "wrt")) } : {}),
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

function parseConfirmation(cnf: Json): Confirmation {
  const [only, ...more] = isJsonObject(cnf) ? Object.entries(cnf) : [];
  const [name, digest] = only ?? [];
  if (more.length === 0 && typeof digest === "string" && SHA256.test(digest)) {
    if (name === "jkt") return { jkt: digest };
    if (name === "x5t#S256") return { "x5t#S256": digest };
  }
  throw new VerificationError("malformed", "cnf must hold one thumbprint, jkt or x5t#S256, and nothing else");
}

/** @throws VerificationError `malformed` */
export function parseStatus(status: Json): StatusReference {
  const list = onlyMember(status, "status_list");
  if (isJsonObject(list) && Object.keys(list).length === 2) {
    const { idx, uri } = list;
    if (typeof idx === "number" && Number.isSafeInteger(idx) && idx >= 0 && typeof uri === "string")
      return { status_list: { idx, uri } };
  }
  throw new VerificationError(
    "malformed",
    "status must hold a status_list with idx and uri, and nothing else",
  );
}

function parseWarrantReference(wrt: Json): WarrantReference {
  if (!isJsonObject(wrt) || Object.keys(wrt).length !== 3)
    throw new VerificationError("malformed", "wrt holds root, leaf and h only");
  return { root: requiredText(wrt, "root"), leaf: requiredText(wrt, "leaf"), h: requiredText(wrt, "h") };
}

const onlyMember = (value: Json, name: string): Json | undefined =>
  isJsonObject(value) && Object.keys(value).length === 1 ? value[name] : undefined;

/**
 * The claim `rev`: 1 to 96 keys of the form `kind:name`.
 *
 * @throws VerificationError `malformed`, `missing-claim`
 */
export function parseRevocationKeys(claims: JsonObject): string[] {
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
