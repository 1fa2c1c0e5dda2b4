import { type Grant, parseGrants } from "../grant/index.ts";
import { isJsonObject, type Json, type JsonObject } from "../jcs/index.ts";
import { type EcJwk, type OkpJwk, parsePublicJwk } from "../jwk/index.ts";
import {
  optionalSeconds,
  optionalText,
  requiredMember as required,
  requiredJti,
  requiredSeconds,
  requiredText,
} from "../jws/index.ts";
import { parseRevocationKeys, parseStatus, type StatusReference } from "../token/index.ts";
import { VerificationError } from "../verification-error.ts";
import { type Actor, parseActor } from "./actor.ts";
import { warrantLimits } from "./limits.ts";

/** A key that may hold a warrant: P-256 or Ed25519, and nothing said about it. */
export type HolderJwk = Omit<EcJwk, "kid"> | Omit<OkpJwk, "kid">;

/**
 * What one link says. Times are seconds since 1970.
 *
 * @see RFC 7519, RFC 7800, RFC 8693 §4.1, RFC 9396
 */
export type WarrantClaims = {
  /** Of the root the issuer; of every other link the thumbprint URI of the key that held the one before. */
  iss: string;
  /** For whom it is done; the same in every link. */
  sub: string;
  sub_profile?: string;
  /** The resources it is for. */
  aud: string[];
  iat: number;
  nbf?: number;
  exp: number;
  jti: string;
  /** The task; the same in every link. */
  txn: string;
  /** The key that holds this link: it signs calls, and the next link. */
  cnf: { jwk: HolderJwk };
  act: Actor;
  /** 0 in the root, one more in each link. */
  del_depth: number;
  /** The depth that no link below may pass. */
  del_max_depth: number;
  /** Base64url SHA-256 of what was signed of the link before. Not in the root. */
  par_hash?: string;
  /** Base64url SHA-256 of the person's consent. Only in the root. */
  consent?: string;
  /** Where strangers can ask whether it still holds. */
  status?: StatusReference;
  /** The revocation keys that kill the whole chain, as `kind:name`. Only in the root. */
  rev?: string[];
  /** The issuer decides about each call before it runs: policy asks what was called before. Only in the root. */
  per_call?: true;
  authorization_details: Grant[];
};

const members = new Set<string>([
  "iss",
  "sub",
  "sub_profile",
  "aud",
  "iat",
  "nbf",
  "exp",
  "jti",
  "txn",
  "cnf",
  "act",
  "del_depth",
  "del_max_depth",
  "par_hash",
  "consent",
  "status",
  "rev",
  "per_call",
  "authorization_details",
] satisfies (keyof WarrantClaims)[]);

const digest = /^[A-Za-z0-9_-]{43}$/;

/**
 * Reads the claims of one link, by itself. A claim that is not understood might be a restriction, so it
 * refuses the link.
 *
 * @throws VerificationError `malformed`, `missing-claim`, `too-long-lived`, `too-deep`, and for the holder's
 *   key `private-key`, `wrong-alg`, `not-canonical`
 */
export function parseWarrantClaims(attackerPayload: Json): WarrantClaims {
  if (!isJsonObject(attackerPayload)) throw malformed("the claims must be an object");
  if (Object.keys(attackerPayload).some((name) => !members.has(name))) {
    throw malformed("it has a claim that a warrant does not have");
  }
  const claims: WarrantClaims = {
    iss: requiredText(attackerPayload, "iss"),
    sub: requiredText(attackerPayload, "sub"),
    aud: parseAudiences(attackerPayload),
    iat: requiredSeconds(attackerPayload, "iat"),
    exp: requiredSeconds(attackerPayload, "exp"),
    jti: requiredJti(attackerPayload),
    txn: requiredText(attackerPayload, "txn"),
    cnf: { jwk: parseHolder(required(attackerPayload, "cnf")) },
    act: parseActor(required(attackerPayload, "act")),
    del_depth: parseDepth(attackerPayload, "del_depth"),
    del_max_depth: parseDepth(attackerPayload, "del_max_depth"),
    authorization_details: parseGrants(required(attackerPayload, "authorization_details")),
    ...parseOptional(attackerPayload),
  };
  requireSense(claims);
  return claims;
}

function parseOptional(claims: JsonObject) {
  const [profile, nbf] = [optionalText(claims, "sub_profile"), optionalSeconds(claims, "nbf")];
  const [parent, consent] = [parseDigest(claims, "par_hash"), parseDigest(claims, "consent")];
  return {
    ...(profile === undefined ? {} : { sub_profile: profile }),
    ...(nbf === undefined ? {} : { nbf }),
    ...(parent === undefined ? {} : { par_hash: parent }),
    ...(consent === undefined ? {} : { consent }),
    ...(Object.hasOwn(claims, "status") ? { status: parseStatus(required(claims, "status")) } : {}),
    ...(Object.hasOwn(claims, "rev") ? { rev: parseRevocationKeys(claims) } : {}),
    ...(Object.hasOwn(claims, "per_call") ? { per_call: parsePerCall(claims) } : {}),
  };
}

/** What holds of every link alone, wherever it stands in a chain. */
function requireSense({ iat, nbf, exp, aud, authorization_details, ...depth }: WarrantClaims): void {
  if (exp <= Math.max(iat, nbf ?? 0)) throw malformed("exp must lie after iat and nbf");
  if (exp - iat > warrantLimits.life) {
    throw new VerificationError("too-long-lived", `a warrant lives at most ${warrantLimits.life} s`);
  }
  if (depth.del_depth > depth.del_max_depth) {
    throw new VerificationError("too-deep", "del_depth is beyond del_max_depth");
  }
  const astray = authorization_details.some(({ locations }) => locations.some((each) => !aud.includes(each)));
  if (astray) throw malformed("a grant is for a location that is not in aud");
}

function parseAudiences(claims: JsonObject): string[] {
  const aud = required(claims, "aud");
  if (!Array.isArray(aud) || aud.length === 0 || aud.length > warrantLimits.audiences) {
    throw malformed(`aud must be a list of 1 to ${warrantLimits.audiences}`);
  }
  const texts = aud.map((each) => requiredText({ aud: each }, "aud"));
  if (new Set(texts).size !== texts.length) throw malformed("aud names something twice");
  return texts;
}

function parseHolder(attackerCnf: Json): HolderJwk {
  const attackerJwk = isJsonObject(attackerCnf) ? attackerCnf.jwk : undefined;
  if (!isJsonObject(attackerCnf) || Object.keys(attackerCnf).length !== 1 || !isJsonObject(attackerJwk)) {
    throw malformed("cnf must hold one jwk and nothing else");
  }
  const { kid, ...jwk } = parsePublicJwk(attackerJwk);
  if (jwk.kty === "RSA") throw new VerificationError("wrong-alg", "a holder's key is P-256 or Ed25519");
  const isBare = kid === undefined && Object.keys(attackerJwk).length === Object.keys(jwk).length;
  if (!isBare) throw malformed("the holder's jwk has a member that is no part of the key");
  return jwk;
}

function parseDepth(claims: JsonObject, name: string): number {
  const depth = required(claims, name);
  if (typeof depth === "number" && Number.isInteger(depth) && depth >= 0 && depth < warrantLimits.links) {
    return depth;
  }
  throw new VerificationError(
    "too-deep",
    `${name} must be a whole number from 0 to ${warrantLimits.links - 1}`,
  );
}

function parsePerCall({ per_call }: JsonObject): true {
  if (per_call === true) return true;
  throw malformed("per_call is true or absent");
}

function parseDigest(claims: JsonObject, name: string): string | undefined {
  const text = optionalText(claims, name);
  if (text === undefined || digest.test(text)) return text;
  throw malformed(`${name} must be base64url of 32 bytes`);
}

function malformed(problem: string): VerificationError {
  return new VerificationError("malformed", problem);
}
