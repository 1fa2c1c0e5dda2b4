import { constants, type KeyObject, verify } from "node:crypto";

/** How a signature is checked, and by keys of which kind. */
interface Method {
  readonly hash: "sha256" | "sha384" | "sha512";
  readonly curve?: "prime256v1" | "secp384r1" | "secp521r1";
  readonly pss?: true;
}

const LEAST_RSA_BITS = 2048;

/** The nine algorithms of JWT-SVIDs; EdDSA is not among them. @see JWT-SVID §2.1 */
const METHODS: Readonly<Record<string, Method>> = {
  RS256: { hash: "sha256" },
  RS384: { hash: "sha384" },
  RS512: { hash: "sha512" },
  PS256: { hash: "sha256", pss: true },
  PS384: { hash: "sha384", pss: true },
  PS512: { hash: "sha512", pss: true },
  ES256: { hash: "sha256", curve: "prime256v1" },
  ES384: { hash: "sha384", curve: "secp384r1" },
  ES512: { hash: "sha512", curve: "secp521r1" },
};

/** Whether a JWT-SVID may be signed so. */
export const isSvidAlgorithm = (attackerAlg: unknown): attackerAlg is string =>
  typeof attackerAlg === "string" && Object.hasOwn(METHODS, attackerAlg);

/**
 * Whether the signature is this key's over these bytes, under an algorithm of JWT-SVIDs. A key of another kind
 * than the algorithm's verifies nothing.
 * @see RFC 7518 §3.3 to §3.5
 */
export function verifiesSvid(
  alg: string,
  data: Uint8Array,
  attackerSignature: Uint8Array,
  key: KeyObject,
): boolean {
  const method = METHODS[alg];
  if (method === undefined || !suits(key, method)) return false;
  return verify(method.hash, data, { key, ...formOf(method) }, attackerSignature);
}

function suits(key: KeyObject, { curve }: Method): boolean {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (curve !== undefined) return key.asymmetricKeyType === "ec" && namedCurve === curve;
  return key.asymmetricKeyType === "rsa" && modulusLength >= LEAST_RSA_BITS;
}

function formOf({ curve, pss }: Method): object {
  if (curve !== undefined) return { dsaEncoding: "ieee-p1363" };
  if (pss === undefined) return { padding: constants.RSA_PKCS1_PADDING };
  return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
}
