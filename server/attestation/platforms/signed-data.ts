import { createHash, type KeyObject, verify } from "node:crypto";
import { fromBER, ObjectIdentifier, OctetString } from "asn1js";
import { type Attribute, Certificate, ContentInfo, SignedData, type SignerInfo } from "pkijs";
import { refused } from "./refused.ts";

/** A document in an envelope that somebody has signed. Whose key that must be is for the caller to say. */
export interface SignedDocument {
  readonly content: Uint8Array;
  /** DER of what was sent along. */
  readonly certificates: readonly Uint8Array[];
  /** Whether the holder of this RSA key has signed exactly the content. */
  isSignedBy(key: KeyObject): boolean;
}

const OID = {
  signedData: "1.2.840.113549.1.7.2",
  data: "1.2.840.113549.1.7.1",
  contentType: "1.2.840.113549.1.9.3",
  messageDigest: "1.2.840.113549.1.9.4",
} as const;
const DIGESTS: Readonly<Record<string, string>> = {
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};
/** RSA as PKCS #1 v1.5, with the digest named beside it or in the same breath. */
const SIGNATURES: Readonly<Record<string, string | undefined>> = {
  "1.2.840.113549.1.1.11": "sha256",
  "1.2.840.113549.1.1.12": "sha384",
  "1.2.840.113549.1.1.13": "sha512",
};
const RSA = "1.2.840.113549.1.1.1";
const LONGEST = 32_768;
const MOST_CERTIFICATES = 5;

/**
 * Reads PKCS #7 signed data with its content inside and one signature: in BER, as clouds write it.
 * @throws Fault, reasons `malformed`, `algorithm-not-taken`
 * @see RFC 5652 §5
 */
export function readSignedData(attackerBase64: string): SignedDocument {
  const signed = parsed(attackerBase64);
  const [signer, ...more] = signed.signerInfos;
  const { eContentType, eContent } = signed.encapContentInfo;
  if (
    signer === undefined ||
    more.length > 0 ||
    eContentType !== OID.data ||
    !(eContent instanceof OctetString)
  )
    throw malformed();
  const content = new Uint8Array(eContent.getValue());
  const digest = digestOf(signer);
  const over = signedBytes(signer, content, digest);
  const signature = new Uint8Array(signer.signature.getValue());
  return {
    content,
    certificates: certificatesIn(signed),
    isSignedBy: (key) =>
      over !== undefined && key.asymmetricKeyType === "rsa" && verify(digest, over, key, signature),
  };
}

function parsed(attackerBase64: string): SignedData {
  if (attackerBase64.length > LONGEST || !/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(attackerBase64))
    throw malformed();
  const bytes = new Uint8Array(Buffer.from(attackerBase64, "base64"));
  try {
    const { offset, result } = fromBER(bytes);
    if (offset !== bytes.length) throw new Error("bytes follow, or some are missing");
    const envelope = new ContentInfo({ schema: result });
    if (envelope.contentType !== OID.signedData) throw new Error("this is no signed data");
    return new SignedData({ schema: envelope.content });
  } catch (cause) {
    throw malformed(cause);
  }
}

function digestOf({ digestAlgorithm, signatureAlgorithm }: SignerInfo): string {
  const digest = DIGESTS[digestAlgorithm.algorithmId];
  const { algorithmId } = signatureAlgorithm;
  if (digest !== undefined && (algorithmId === RSA || SIGNATURES[algorithmId] === digest)) return digest;
  throw refused("algorithm-not-taken", "The document is signed in a way that is not taken.", {
    remedy: "Send the RSA signature with SHA-2.",
  });
}

/** What the signature is over: attributes that name the content by its digest, or the content; nothing if they lie. */
function signedBytes(
  { signedAttrs }: SignerInfo,
  content: Uint8Array,
  digest: string,
): Uint8Array | undefined {
  if (signedAttrs === undefined) return content;
  const type = onlyValue(signedAttrs.attributes, OID.contentType);
  const named = onlyValue(signedAttrs.attributes, OID.messageDigest);
  if (!(type instanceof ObjectIdentifier) || type.getValue() !== OID.data || !(named instanceof OctetString))
    throw malformed();
  const same = createHash(digest).update(content).digest().equals(new Uint8Array(named.getValue()));
  return same ? new Uint8Array(signedAttrs.encodedValue) : undefined;
}

function onlyValue(attributes: readonly Attribute[], type: string): unknown {
  const found = attributes.filter((each) => each.type === type);
  const [only, ...more] = found.flatMap(({ values }) => values);
  return found.length === 1 && more.length === 0 ? only : undefined;
}

function certificatesIn({ certificates = [] }: SignedData): Uint8Array[] {
  if (certificates.length > MOST_CERTIFICATES) throw malformed();
  return certificates
    .filter((each): each is Certificate => each instanceof Certificate)
    .map((each) => new Uint8Array(each.toSchema().toBER()));
}

const malformed = (cause?: unknown) =>
  refused("malformed", "This is no signed document that can be read without doubt.", { cause });
