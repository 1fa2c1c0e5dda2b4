import { TAG } from "./der.ts";
import { requireDnsName, requireP256 } from "./write-certificate.ts";
import { derOf, oidOf, sequenceOf } from "./write-der.ts";
import { hostName } from "./write-extension.ts";

const VERSION_1 = derOf(TAG.integer, Uint8Array.of(0));
const NOBODY = sequenceOf();
const EXTENSION_REQUEST = oidOf("1.2.840.113549.1.9.14");

/** For which name a certificate is asked, and for which key. */
export interface RequestSubject {
  readonly dnsName: string;
  /** SubjectPublicKeyInfo in DER, of P-256. */
  readonly spki: Uint8Array;
}

/**
 * What is to be signed of a request for a certificate of one host: no subject, the host as its other name.
 * `certificateOf` makes the request of it: both have the same frame.
 * @throws VerificationError `malformed` for a name that is none, or a key that is not a point on P-256
 * @see RFC 2986 §4.1, RFC 2985 §5.4.2
 */
export function requestToSign({ dnsName, spki }: RequestSubject): Uint8Array {
  const extensions = sequenceOf(hostName(requireDnsName(dnsName), { critical: false }));
  const attribute = sequenceOf(EXTENSION_REQUEST, derOf(TAG.set, extensions));
  return sequenceOf(VERSION_1, NOBODY, requireP256(spki), derOf(0xa0, attribute));
}
