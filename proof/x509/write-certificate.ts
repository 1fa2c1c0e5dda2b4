import { createPublicKey } from "node:crypto";
import { parseSpiffeId } from "../spiffe-id/index.ts";
import { orRefuse } from "../verification-error.ts";
import { malformed, TAG } from "./der.ts";
import { KEY_USAGE } from "./extensions.ts";
import { bitsOf, derOf, integerOf, oidOf, sequenceOf, textOf, timeOf } from "./write-der.ts";
import {
  authorityKeyId,
  bothEnds,
  keyIdOf,
  keyUsage,
  lastAuthority,
  noAuthority,
  otherNames,
  subjectKeyId,
} from "./write-extension.ts";

/** What the signature of a certificate says that it is. */
export const ECDSA_SHA256 = sequenceOf(oidOf("1.2.840.10045.4.3.2"));

export const VERSION_3 = derOf(0xa0, derOf(TAG.integer, Uint8Array.of(2)));
const NOBODY = sequenceOf();
/** What stands before the point in the SubjectPublicKeyInfo of a key on P-256. */
const P256 = Buffer.from("3059301306072a8648ce3d020106082a8648ce3d03010703420004", "hex");
const SPKI_BYTES = 91;

/** When a certificate is good, in milliseconds since the epoch, and by which number it is known. */
export interface Life {
  /** Random bytes; as a whole number of at most 20 bytes it is positive and not zero. */
  readonly serial: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Who a leaf is for. */
export interface LeafSubject extends Life {
  /** Its SPIFFE ID, which names a workload. */
  readonly id: string;
  /** Its public key: SubjectPublicKeyInfo in DER, of P-256. */
  readonly spki: Uint8Array;
  readonly dnsNames?: readonly string[];
}

/** Whoever signs leaves, with all that is the same in each of them made once. */
export interface LeafIssuer {
  readonly head: Uint8Array;
  readonly name: Uint8Array;
  readonly usual: Uint8Array;
  readonly keyId: Uint8Array;
}

/**
 * @param issuer.name its subject, in DER, as it stands in its own certificate
 * @param issuer.spki its key, of P-256
 */
export function leafIssuer({ name, spki }: { name: Uint8Array; spki: Uint8Array }): LeafIssuer {
  const keyId = authorityKeyId(keyIdOf(requireP256(spki)));
  const usual = Buffer.concat([noAuthority, keyUsage(KEY_USAGE.digitalSignature), bothEnds]);
  return { head: ECDSA_SHA256, name, usual, keyId };
}

/**
 * What is to be signed of an X.509-SVID, exactly to profile: one URI, its SPIFFE ID, critical because there is no
 * subject; a key for signatures, at both ends of a connection; no authority.
 * @throws VerificationError `malformed` for a SPIFFE ID that names no workload, a DNS name that is none, or a key
 *   that is not a point on P-256
 * @see X509-SVID §2, §4; RFC 5280 §4.1
 */
export function leafToSign(issuer: LeafIssuer, leaf: LeafSubject): Uint8Array {
  const { id, spki, dnsNames = [], notBefore, notAfter } = leaf;
  if (parseSpiffeId(id).path === "") throw malformed("a leaf is for a workload");
  const extensions = sequenceOf(
    issuer.usual,
    subjectKeyId(keyIdOf(requireP256(spki))),
    issuer.keyId,
    otherNames(id, dnsNames.map(requireDnsName), { critical: true }),
  );
  return sequenceOf(
    VERSION_3,
    serialOf(leaf),
    issuer.head,
    issuer.name,
    sequenceOf(timeOf(notBefore), timeOf(notAfter)),
    NOBODY,
    spki,
    derOf(0xa3, extensions),
  );
}

/** An authority of a trust domain. */
export interface AuthoritySubject extends Life {
  readonly trustDomain: string;
  /** Its public key: SubjectPublicKeyInfo in DER, of P-256. */
  readonly spki: Uint8Array;
}

/** Whoever signs an authority: itself where nothing is said. */
export interface Upstream {
  /** Its subject, in DER. */
  readonly name: Uint8Array;
  /** Its subject key identifier. */
  readonly keyId: Uint8Array;
  /** AlgorithmIdentifier of its signature, in DER. */
  readonly algorithm: Uint8Array;
}

/** The name of an authority: another one for each of its keys, so that a path has one way to go. */
export const authorityName = (spki: Uint8Array): Uint8Array =>
  sequenceOf(
    attributeOf("2.5.4.10", "Countersign"),
    attributeOf("2.5.4.3", `Authority ${Buffer.from(keyIdOf(spki)).toString("hex")}`),
  );

export const attributeOf = (oid: string, text: string): Uint8Array =>
  derOf(TAG.set, sequenceOf(oidOf(oid), textOf(TAG.utf8, text)));

/**
 * What is to be signed of an authority's certificate: it signs leaves of its trust domain, which its one URI names,
 * and no other authority.
 * @throws VerificationError `malformed`
 * @see X509-SVID §4, RFC 5280 §4.2
 */
export function authorityToSign(authority: AuthoritySubject, upstream?: Upstream): Uint8Array {
  const { trustDomain, spki, notBefore, notAfter } = authority;
  const keyId = keyIdOf(requireP256(spki));
  const extensions = sequenceOf(
    lastAuthority,
    keyUsage(KEY_USAGE.keyCertSign, KEY_USAGE.cRLSign),
    subjectKeyId(keyId),
    authorityKeyId(upstream?.keyId ?? keyId),
    otherNames(parseSpiffeId(`spiffe://${trustDomain}`).uri, [], { critical: false }),
  );
  return sequenceOf(
    VERSION_3,
    serialOf(authority),
    upstream?.algorithm ?? ECDSA_SHA256,
    upstream?.name ?? authorityName(spki),
    sequenceOf(timeOf(notBefore), timeOf(notAfter)),
    authorityName(spki),
    spki,
    derOf(0xa3, extensions),
  );
}

/** The certificate, from what was signed and its signature in the form that X.509 has for it. */
export const certificateOf = (
  signed: Uint8Array,
  signature: Uint8Array,
  algorithm: Uint8Array = ECDSA_SHA256,
): Uint8Array => sequenceOf(signed, algorithm, bitsOf(signature));

/** A signature of ECDSA as X.509 writes it, from its two numbers one after the other. @see RFC 3279 §2.2.3 */
export function ecdsaSignature(p1363: Uint8Array): Uint8Array {
  const half = p1363.length / 2;
  return sequenceOf(integerOf(p1363.subarray(0, half)), integerOf(p1363.subarray(half)));
}

export function serialOf({ serial }: Life): Uint8Array {
  if (
    serial.length === 0 ||
    serial.length > 20 ||
    (serial[0] ?? 0) >= 0x80 ||
    serial.every((byte) => byte === 0)
  )
    throw malformed("a serial number is positive and has at most 20 bytes");
  return integerOf(serial);
}

/** One form of one kind of key, and its point on the curve. */
export function requireP256(spki: Uint8Array): Uint8Array {
  if (spki.length !== SPKI_BYTES || Buffer.compare(spki.subarray(0, P256.length), P256) !== 0)
    throw malformed("the key is not one of P-256 in its one form");
  orRefuse("malformed", "the key", () => createPublicKey(pemOf(spki)));
  return spki;
}

/** Node imports PEM, which is the same bytes, in a third of the time. */
const pemOf = (spki: Uint8Array): string =>
  `-----BEGIN PUBLIC KEY-----\n${Buffer.from(spki.buffer, spki.byteOffset, spki.length).toString("base64")}\n-----END PUBLIC KEY-----`;

/** Whether this is a host's name: labels of a-z, 0-9 and - @see RFC 5890 §2.3.1 */
export const isDnsName = (name: string): boolean => DNS_NAME.test(name);

const DNS_NAME = /^(?!.{254})[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

export function requireDnsName(name: string): string {
  if (isDnsName(name)) return name;
  throw malformed("a DNS name is made of labels of a-z, 0-9 and -");
}
