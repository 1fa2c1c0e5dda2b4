import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { encodeBase64url } from "../digest/index.ts";
import { orRefuse, VerificationError } from "../verification-error.ts";
import { type CborMap, decodeCbor } from "./cbor.ts";

/** A credential's public key, and the digest its signatures are made with (null: Ed25519 takes the message). */
export type CredentialKey = { key: KeyObject; digest: "sha256" | null };

/** The members of a COSE key; those of the key itself are named by negative numbers. */
const kty = 1;
const alg = 3;

const okp = 1;
const ec2 = 2;
const rsa = 3;
const p256 = 1;
const ed25519 = 6;
const coordinateSize = 32;
const smallestModulus = 2048 / 8;
const largestModulus = 4096 / 8;

/**
 * Reads a credential's public key: ES256 (-7), EdDSA with Ed25519 (-8) or RS256 (-257). The algorithm must
 * be the one that the kind of key implies, and no member may be missing or unknown.
 *
 * @throws VerificationError `malformed`, `wrong-alg`
 * @see RFC 9053, RFC 8230, WebAuthn Level 3 §5.8.5
 */
export function importCoseKey(attackerBytes: Uint8Array): CredentialKey {
  const cose = decodeCbor(attackerBytes);
  if (!(cose instanceof Map)) throw malformed();
  const jwk = jwkOf(cose);
  const key = orRefuse("malformed", "the credential's key", () =>
    createPublicKey({ key: jwk, format: "jwk" }),
  );
  return { key, digest: jwk.kty === "OKP" ? null : "sha256" };
}

function jwkOf(cose: CborMap): JsonWebKey {
  const kind = `${cose.get(kty)}/${cose.get(alg)}`;
  if (kind === `${ec2}/-7`) return ecJwk(cose);
  if (kind === `${okp}/-8`) return okpJwk(cose);
  if (kind === `${rsa}/-257`) return rsaJwk(cose);
  throw new VerificationError("wrong-alg", "the credential's key is neither ES256 nor EdDSA nor RS256");
}

function ecJwk(cose: CborMap): JsonWebKey {
  if (cose.size !== 5 || cose.get(-1) !== p256) throw malformed();
  return { kty: "EC", crv: "P-256", x: coordinate(cose, -2), y: coordinate(cose, -3) };
}

function okpJwk(cose: CborMap): JsonWebKey {
  if (cose.size !== 4 || cose.get(-1) !== ed25519) throw malformed();
  return { kty: "OKP", crv: "Ed25519", x: coordinate(cose, -2) };
}

function rsaJwk(cose: CborMap): JsonWebKey {
  const [n, e] = [bytesOf(cose, -1), bytesOf(cose, -2)];
  const isBounded = n.length >= smallestModulus && n.length <= largestModulus && (n[0] ?? 0) >= 0x80;
  const isUsualExponent = encodeBase64url(e) === "AQAB";
  if (cose.size !== 4 || !isBounded || !isUsualExponent) throw malformed();
  return { kty: "RSA", n: encodeBase64url(n), e: encodeBase64url(e) };
}

function coordinate(cose: CborMap, member: number): string {
  const bytes = bytesOf(cose, member);
  if (bytes.length !== coordinateSize) throw malformed();
  return encodeBase64url(bytes);
}

function bytesOf(cose: CborMap, member: number): Uint8Array {
  const value = cose.get(member);
  if (!(value instanceof Uint8Array)) throw malformed();
  return value;
}

function malformed(): VerificationError {
  return new VerificationError("malformed", "not a credential's public key");
}
