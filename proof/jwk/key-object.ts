import { createPublicKey, type KeyObject } from "node:crypto";
import { parseStrict } from "../jcs/index.ts";
import { orRefuse, VerificationError } from "../verification-error.ts";
import { type Algorithm, algorithmOfJwk, type PublicJwk, parsePublicJwk } from "./jwk.ts";

/** Asking a key for its curve costs a third of its import, and its JWK has said it already. */
const algorithmsOfKeys = new WeakMap<KeyObject, Algorithm>();

/**
 * The public key behind a JWK that `parsePublicJwk` has read.
 *
 * @throws VerificationError `malformed` when the point is not on its curve
 */
export function importPublicJwk(jwk: PublicJwk): KeyObject {
  const key = orRefuse("malformed", "the key", () => createPublicKey(sourceOf(jwk)));
  algorithmsOfKeys.set(key, algorithmOfJwk(jwk));
  return key;
}

/** What stands before the key itself in a SubjectPublicKeyInfo. Whole groups of three bytes, so of base64 too. */
const ed25519Info = "MCowBQYDK2VwAyEA";
/** The same for P-256, with the byte that says that both coordinates follow. */
const p256Info = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE";

/**
 * The key in a form that Node imports. Elliptic keys go as PEM, which is the same bytes and takes a third of
 * the time: Node first asks of every object whether it is a key already, and the answer is an exception.
 *
 * @see RFC 8410 §4, RFC 5480 §2
 */
function sourceOf(jwk: PublicJwk): Parameters<typeof createPublicKey>[0] {
  if (jwk.kty === "RSA") return { key: jwk, format: "jwk" };
  const info = jwk.kty === "EC" ? p256Info : ed25519Info;
  const parts = jwk.kty === "EC" ? [jwk.x, jwk.y] : [jwk.x];
  const key = Buffer.concat(parts.map((part) => Buffer.from(part, "base64url"))).toString("base64");
  return `-----BEGIN PUBLIC KEY-----\n${info}${key}\n-----END PUBLIC KEY-----`;
}

const P256_HEAD = Buffer.from(p256Info, "base64");
const COORDINATE = 32;

/**
 * The JWK of a key of P-256 in the one form in which such keys are written: both coordinates, the curve by its name.
 * Takes no look at whether the point is on the curve: `importPublicJwk` does.
 *
 * @param attackerSpki SubjectPublicKeyInfo in DER
 * @throws VerificationError `malformed` for any other form, and any other key
 * @see RFC 5480 §2
 */
export function p256JwkOf(attackerSpki: Uint8Array): PublicJwk {
  const spki = Buffer.from(attackerSpki.buffer, attackerSpki.byteOffset, attackerSpki.length);
  const point = spki.subarray(P256_HEAD.length);
  if (point.length !== 2 * COORDINATE || !spki.subarray(0, P256_HEAD.length).equals(P256_HEAD))
    throw new VerificationError("malformed", "the key is not one of P-256 in its one form");
  const [x, y] = [point.subarray(0, COORDINATE), point.subarray(COORDINATE)];
  return { kty: "EC", crv: "P-256", x: x.toString("base64url"), y: y.toString("base64url") };
}

/** What keys are: they never change, and whoever signs with one names it each time. */
const exported = new WeakMap<KeyObject, PublicJwk>();

/**
 * The public JWK of a public or private key.
 *
 * @throws VerificationError `wrong-alg` for a kind of key that is not ours
 */
export function publicJwkOf(key: KeyObject): PublicJwk {
  const known = exported.get(key);
  if (known !== undefined) return { ...known };
  const jwk = exportPublicJwk(key);
  exported.set(key, jwk);
  return { ...jwk };
}

function exportPublicJwk(key: KeyObject): PublicJwk {
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  if (publicKey.type !== "public") throw new VerificationError("wrong-alg", "a secret key has no public JWK");
  const jwk = orRefuse("wrong-alg", "the key", () => publicKey.export({ format: "jwk" }));
  return parsePublicJwk(parseStrict(JSON.stringify(jwk)));
}

/**
 * The one algorithm that this key may be used with.
 *
 * @throws VerificationError `wrong-alg` for secret keys, other curves and short RSA keys
 */
export function algorithmOf(key: KeyObject): Algorithm {
  const known = algorithmsOfKeys.get(key);
  if (known !== undefined) return known;
  const alg = algorithmByDetails(key);
  algorithmsOfKeys.set(key, alg);
  return alg;
}

function algorithmByDetails(key: KeyObject): Algorithm {
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === "ec" && details?.namedCurve === "prime256v1") return "ES256";
  if (key.asymmetricKeyType === "ed25519") return "EdDSA";
  if (key.asymmetricKeyType === "rsa" && (details?.modulusLength ?? 0) >= 2048) return "RS256";
  throw new VerificationError("wrong-alg", "only P-256, Ed25519 and RSA keys from 2048 bits are taken");
}
