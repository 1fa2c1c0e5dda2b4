import { TAG } from "./der.ts";
import {
  attributeOf,
  ECDSA_SHA256,
  type Life,
  requireDnsName,
  requireP256,
  serialOf,
  VERSION_3,
} from "./write-certificate.ts";
import { derOf, sequenceOf, timeOf } from "./write-der.ts";
import { extensionOf, hostName } from "./write-extension.ts";

/** id-pe-acmeIdentifier. @see RFC 8737 §6.1 */
const ACME_IDENTIFIER = "1.3.6.1.5.5.7.1.31";
const NAME = sequenceOf(attributeOf("2.5.4.3", "ACME challenge"));

/** What the certificate that answers a TLS-ALPN challenge says. */
export interface ChallengeSubject extends Life {
  readonly dnsName: string;
  /** Its public key: SubjectPublicKeyInfo in DER, of P-256. */
  readonly spki: Uint8Array;
  /** SHA-256 of the key authorization. */
  readonly digest: Uint8Array;
}

/**
 * What is to be signed, by its own key, of the certificate that answers a TLS-ALPN challenge: the one name, and the
 * digest, which is critical so that nobody takes it for a certificate of the host.
 * @throws VerificationError `malformed` for a name that is none, or a key that is not a point on P-256
 * @see RFC 8737 §3
 */
export function challengeToSign(challenge: ChallengeSubject): Uint8Array {
  const { dnsName, spki, digest, notBefore, notAfter } = challenge;
  const extensions = sequenceOf(
    hostName(requireDnsName(dnsName), { critical: false }),
    extensionOf(ACME_IDENTIFIER, true, derOf(TAG.octetString, digest)),
  );
  return sequenceOf(
    VERSION_3,
    serialOf(challenge),
    ECDSA_SHA256,
    NAME,
    sequenceOf(timeOf(notBefore), timeOf(notAfter)),
    NAME,
    requireP256(spki),
    derOf(0xa3, extensions),
  );
}
