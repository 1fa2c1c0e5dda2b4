import { hash } from "node:crypto";
import { TAG } from "./der.ts";
import { type KEY_USAGE, PURPOSE } from "./extensions.ts";
import { derOf, namedBitsOf, oidOf, sequenceOf, textOf } from "./write-der.ts";

const SUBJECT_ALT_NAME = "2.5.29.17";
const TRUE = derOf(TAG.boolean, Uint8Array.of(0xff));

/** @param value in DER; it is wrapped here @see RFC 5280 §4.2 */
export const extensionOf = (oid: string, critical: boolean, value: Uint8Array): Uint8Array =>
  sequenceOf(oidOf(oid), ...(critical ? [TRUE] : []), derOf(TAG.octetString, value));

/** What its key may do, which nobody may pass over. @see RFC 5280 §4.2.1.3 */
export const keyUsage = (...bits: readonly (typeof KEY_USAGE)[keyof typeof KEY_USAGE][]): Uint8Array =>
  extensionOf("2.5.29.15", true, namedBitsOf(...bits));

/** At both ends of a connection: an SVID is for either. @see X509-SVID §4.4 */
export const bothEnds = extensionOf(
  "2.5.29.37",
  false,
  sequenceOf(oidOf(PURPOSE.serverAuth), oidOf(PURPOSE.clientAuth)),
);

/** One that signs no certificates. DER leaves out what is the default. @see RFC 5280 §4.2.1.9 */
export const noAuthority = extensionOf("2.5.29.19", true, sequenceOf());

/** One that signs certificates of leaves, and of no other authority. */
export const lastAuthority = extensionOf(
  "2.5.29.19",
  true,
  sequenceOf(TRUE, derOf(TAG.integer, Uint8Array.of(0))),
);

/** @param critical where there is no other name @see RFC 5280 §4.2.1.6 */
export const otherNames = (
  uri: string,
  dnsNames: readonly string[],
  { critical }: { critical: boolean },
): Uint8Array =>
  extensionOf(SUBJECT_ALT_NAME, critical, sequenceOf(textOf(0x86, uri), ...dnsNames.map(dnsName)));

/** One host, and no other name. @see RFC 5280 §4.2.1.6 */
export const hostName = (name: string, { critical }: { critical: boolean }): Uint8Array =>
  extensionOf(SUBJECT_ALT_NAME, critical, sequenceOf(dnsName(name)));

const dnsName = (name: string): Uint8Array => textOf(0x82, name);

/** By what its key is named where another certificate names it. @see RFC 5280 §4.2.1.2 */
export const subjectKeyId = (keyId: Uint8Array): Uint8Array =>
  extensionOf("2.5.29.14", false, derOf(TAG.octetString, keyId));

/** Which key signed it. @see RFC 5280 §4.2.1.1 */
export const authorityKeyId = (keyId: Uint8Array): Uint8Array =>
  extensionOf("2.5.29.35", false, sequenceOf(derOf(0x80, keyId)));

/**
 * The first 160 bits of SHA-256 over the public key itself.
 * @param spki its SubjectPublicKeyInfo, of P-256: the last 65 bytes are the key
 * @see RFC 7093 §2
 */
export const keyIdOf = (spki: Uint8Array): Uint8Array =>
  hash("sha256", spki.subarray(-65), "buffer").subarray(0, 20);
