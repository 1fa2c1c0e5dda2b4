import { type KeyObject, X509Certificate } from "node:crypto";
import { orRefuse } from "../verification-error.ts";
import { contentOf, type Der, malformed, partsOf, readDer, readOid, readTime, TAG } from "./der.ts";
import { type Extensions, readExtensions } from "./extensions.ts";

/** A certificate, read to the last byte. Nothing about it is verified yet. */
export interface Certificate extends Extensions {
  /** The bytes that were signed and that are named by `x5t#S256`. */
  readonly raw: Uint8Array;
  /** For checking who has signed it. */
  readonly x509: X509Certificate;
  readonly key: KeyObject;
  /** The names as they stand in it: they are compared byte by byte. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** Milliseconds since the epoch; both belong to its life. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** No certificate that anybody issues is longer. */
const MOST_BYTES = 16_384;

/** By which a certificate may be signed: ECDSA and RSA with SHA-2, and Ed25519. */
const SIGNATURES: ReadonlySet<string> = new Set([
  "1.2.840.10045.4.3.2",
  "1.2.840.10045.4.3.3",
  "1.2.840.10045.4.3.4",
  "1.2.840.113549.1.1.11",
  "1.2.840.113549.1.1.12",
  "1.2.840.113549.1.1.13",
  "1.3.101.112",
]);

/**
 * Reads a certificate by hand and by Node: what Node does not tell (key usage, basic constraints, each name as
 * it stands) we read ourselves, and what we take for a certificate Node must take for one, too.
 * @throws VerificationError `malformed`
 * @see RFC 5280 §4.1
 */
export function readCertificate(attackerDer: Uint8Array): Certificate {
  if (attackerDer.length > MOST_BYTES) throw malformed("the certificate is too long");
  const [signed, algorithm, signature, ...more] = partsOf(readDer(attackerDer));
  contentOf(signature, TAG.bitString);
  if (more.length > 0) throw malformed("a certificate has three parts");
  const fields = partsOf(signed);
  const extensions = requireFields(fields, algorithm);
  const [, , , issuer, validity, subject] = fields;
  const [notBefore, notAfter] = partsOf(validity);
  const x509 = orRefuse("malformed", "the certificate", () => new X509Certificate(attackerDer));
  const said = readExtensions(extensions);
  // Where OpenSSL can make nothing of its names, there is one among them that we have passed over.
  if (said.uris.length + said.dnsNames.length > 0 && x509.subjectAltName === undefined)
    throw malformed("the certificate's other names are unreadable");
  return {
    raw: attackerDer,
    x509,
    key: orRefuse("malformed", "the certificate's key", () => x509.publicKey),
    issuer: nameOf(issuer),
    subject: nameOf(subject),
    notBefore: readTime(notBefore),
    notAfter: readTime(notAfter),
    ...said,
  };
}

/** Version 3, one allowed signature algorithm said twice, and nothing but extensions after the key. */
function requireFields(fields: readonly Der[], algorithm: Der | undefined): Der {
  const [version, , inner, , , , , extensions, ...more] = fields;
  if (version?.tag !== 0xa0 || Buffer.from(version.content).toString("hex") !== "020102")
    throw malformed("the certificate is not of version 3");
  if (extensions?.tag !== 0xa3 || more.length > 0) throw malformed("the certificate has no extensions");
  if (inner === undefined || algorithm === undefined || !same(inner.raw, algorithm.raw))
    throw malformed("the certificate names two signature algorithms");
  if (!SIGNATURES.has(readOid(partsOf(algorithm)[0])))
    throw malformed("signed by an algorithm that is not taken");
  return extensions;
}

function nameOf(name: Der | undefined): Uint8Array {
  partsOf(name);
  return name?.raw ?? new Uint8Array();
}

export const same = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;
