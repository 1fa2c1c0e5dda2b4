import { constants, type KeyObject, sign, verify } from "node:crypto";
import { encodeBase64url } from "@countersign/proof/digest";
import { canonicalBytes } from "@countersign/proof/jcs";

/** What the key of a machine's certificate signs, so that the machine joins with the key that it has just made. */
export interface PossessionStatement {
  /** The control plane's origin exactly. */
  readonly issuer: string;
  /** What it handed out for this one attempt. */
  readonly nonce: string;
  /** RFC 7638 thumbprint of the key that the machine will hold. */
  readonly jkt: string;
}

/** What a machine shows that proves itself by a certificate of its company's. */
export interface X509PopPayload {
  /** Base64 of each certificate's DER, the machine's own first. */
  readonly chain: readonly string[];
  /** Base64url. */
  readonly signature: string;
}

/**
 * What a machine shows: its certificates, and the statement signed by the key of the first.
 * @param chain DER, the machine's own first
 */
export const provePossession = (
  chain: readonly Uint8Array[],
  key: KeyObject,
  statement: PossessionStatement,
): X509PopPayload => ({
  chain: chain.map((der) => Buffer.from(der).toString("base64")),
  signature: encodeBase64url(sign(hashFor(key), bytesOf(statement), { key, ...FORM })),
});

/** Whether the key of a certificate has signed this statement. A key that cannot sign has not. */
export function hasSigned(
  key: KeyObject,
  statement: PossessionStatement,
  attackerSignature: Uint8Array,
): boolean {
  try {
    return verify(hashFor(key), bytesOf(statement), { key, ...FORM }, attackerSignature);
  } catch {
    return false;
  }
}

/** As JWS has them: ECDSA as two numbers, RSA as PSS with a salt as long as the hash. @see RFC 7518 §3 */
const FORM = {
  dsaEncoding: "ieee-p1363",
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
} as const;

const HASHES: Readonly<Record<string, string>> = { secp384r1: "sha384", secp521r1: "sha512" };

/** The hash that belongs to the key; EdDSA brings its own. */
function hashFor({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string | null {
  if (asymmetricKeyType === "ed25519") return null;
  return HASHES[asymmetricKeyDetails?.namedCurve ?? ""] ?? "sha256";
}

/** The type keeps it from being anything else that the key may sign. */
const bytesOf = ({ issuer, nonce, jkt }: PossessionStatement): Uint8Array =>
  canonicalBytes({ type: "countersign/x509pop", issuer, nonce, jkt });
