import { sha256Base64url } from "../digest/index.ts";
import { canonicalize, isJsonObject, type Json, type JsonObject } from "../jcs/index.ts";
import { VerificationError } from "../verification-error.ts";
import { coordinate, edwardsPoint, rsaModulus } from "./key-material.ts";

/** The signature algorithms this package knows. Which one a key signs with follows from the key alone. */
export type Algorithm = "ES256" | "EdDSA" | "RS256";

/** A public key on P-256. Signs ES256. */
export type EcJwk = { kty: "EC"; crv: "P-256"; x: string; y: string; kid?: string };
/** A public Ed25519 key. Signs EdDSA. */
export type OkpJwk = { kty: "OKP"; crv: "Ed25519"; x: string; kid?: string };
/** A public RSA key of 2048 to 4096 bits with exponent 65537. RS256, for verification only. */
export type RsaJwk = { kty: "RSA"; n: string; e: "AQAB"; kid?: string };
/** A public key as JSON, without any member that says how somebody else would like it to be used. */
export type PublicJwk = EcJwk | OkpJwk | RsaJwk;

const privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
const algorithms: Record<PublicJwk["kty"], Algorithm> = { EC: "ES256", OKP: "EdDSA", RSA: "RS256" };

/** The algorithm that this key implies. */
export function algorithmOfJwk(jwk: PublicJwk): Algorithm {
  return algorithms[jwk.kty];
}

/**
 * Reads a hostile public JWK and keeps only the key itself and its `kid`. Refused are private members, key
 * types and curves other than ours, values that are not canonical base64url of the exact length, weak RSA
 * keys, weak Ed25519 points, and any `alg`, `use` or `key_ops` that the key contradicts.
 *
 * That an EC point lies on its curve is checked by `importPublicJwk`.
 *
 * @throws VerificationError `malformed`, `private-key`, `wrong-alg` for a kind of key that is not ours
 * @see RFC 7517, RFC 7518 §6, RFC 8037
 */
export function parsePublicJwk(attackerJwk: Json | undefined): PublicJwk {
  if (!isJsonObject(attackerJwk)) throw new VerificationError("malformed", "a JWK must be an object");
  if (privateMembers.some((member) => Object.hasOwn(attackerJwk, member))) {
    throw new VerificationError("private-key", "a public JWK must not have private members");
  }
  const jwk = { ...parseKey(attackerJwk), ...parseKid(attackerJwk) };
  refuseContradiction(attackerJwk, algorithmOfJwk(jwk));
  return jwk;
}

function parseKey(jwk: JsonObject): PublicJwk {
  const { kty, crv } = jwk;
  if (kty === "EC" && crv === "P-256") return { kty, crv, x: coordinate(jwk.x), y: coordinate(jwk.y) };
  if (kty === "OKP" && crv === "Ed25519") return { kty, crv, x: edwardsPoint(jwk.x) };
  if (kty === "RSA" && jwk.e === "AQAB") return { kty, n: rsaModulus(jwk.n), e: jwk.e };
  throw new VerificationError("wrong-alg", "only P-256, Ed25519 and RSA keys with exponent 65537 are taken");
}

function parseKid({ kid }: JsonObject): { kid?: string } {
  if (kid === undefined) return {};
  if (typeof kid === "string" && kid.length > 0 && kid.length <= 256) return { kid };
  throw new VerificationError("malformed", "a kid must be a string of 1 to 256 characters");
}

function refuseContradiction({ alg, use, key_ops }: JsonObject, implied: Algorithm): void {
  if (alg !== undefined && alg !== implied)
    throw new VerificationError("wrong-alg", "the JWK's alg contradicts its key");
  if (use !== undefined && use !== "sig")
    throw new VerificationError("wrong-alg", "the JWK's use is not sig");
  if (key_ops !== undefined && !(Array.isArray(key_ops) && key_ops.includes("verify"))) {
    throw new VerificationError("wrong-alg", "the JWK's key_ops do not include verify");
  }
}

/**
 * The name of a key: base64url of SHA-256 over its required members. It stands in `cnf.jkt`.
 *
 * @see RFC 7638
 */
export function thumbprint(jwk: PublicJwk): string {
  const { kid: _, ...required } = jwk;
  return sha256Base64url(canonicalize(required));
}
