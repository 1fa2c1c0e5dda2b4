import { type Envelope, readEnvelope } from "@countersign/proof/dsse";
import { isJsonObject, type Json, type JsonObject } from "@countersign/proof/jcs";
import { VerificationError } from "@countersign/proof/verification-error";

/** By what a signature says it can be checked. None of it is trusted. */
export type Material =
  | { readonly kind: "key" }
  /** DER, the signer's own first. */
  | { readonly kind: "certificate"; readonly chain: readonly Uint8Array[] }
  | { readonly kind: "sigstore"; readonly bundle: JsonObject };

/** What the signature is over. */
export type Content =
  /** A statement in its envelope. */
  | { readonly kind: "statement"; readonly envelope: Envelope }
  /** The image's manifest itself. */
  | { readonly kind: "manifest"; readonly signature: Uint8Array }
  /** The small document of older cosign versions. */
  | { readonly kind: "simple"; readonly payload: Uint8Array; readonly signature: Uint8Array };

/** A signature over an image, as somebody brought it. Nothing about it is verified yet. */
export interface BroughtSignature {
  readonly material: Material;
  readonly content: Content;
}

const MEDIA_TYPES: ReadonlySet<string> = new Set([
  "application/vnd.dev.sigstore.bundle.v0.3+json",
  "application/vnd.dev.sigstore.bundle+json;version=0.3",
  "application/vnd.dev.sigstore.bundle+json;version=0.2",
]);
/** Longer chains lead nowhere that anybody trusts. */
const MOST_CERTIFICATES = 8;
const MOST_LOG_ENTRIES = 4;

/**
 * Reads a Sigstore bundle, or what `cosign download signature` prints of an older signature with a key.
 * @throws VerificationError `malformed`; `wrong-typ` for a bundle of another version
 * @see cosign BUNDLE_SPEC.md
 */
export function readBroughtSignature(attackerDocument: Json): BroughtSignature {
  if (!isJsonObject(attackerDocument)) throw malformed("a signature is an object");
  return "mediaType" in attackerDocument ? readBundle(attackerDocument) : readSimple(attackerDocument);
}

function readBundle(attackerBundle: JsonObject): BroughtSignature {
  const { mediaType, verificationMaterial, dsseEnvelope, messageSignature, ...more } = attackerBundle;
  if (typeof mediaType !== "string" || !MEDIA_TYPES.has(mediaType))
    throw new VerificationError("wrong-typ", "this is no Sigstore bundle of version 0.2 or 0.3");
  if (Object.keys(more).length > 0 || (dsseEnvelope === undefined) === (messageSignature === undefined))
    throw malformed("a bundle has material and one content");
  const material = readMaterial(attackerBundle, verificationMaterial);
  return {
    material,
    content: dsseEnvelope === undefined ? readMessage(messageSignature) : readDsse(dsseEnvelope),
  };
}

function readDsse(attackerEnvelope: Json): Content {
  const envelope = readEnvelope(attackerEnvelope);
  if (envelope.signatures.length !== 1) throw malformed("a bundle's envelope has one signature");
  return { kind: "statement", envelope };
}

function readMessage(attackerMessage: Json | undefined): Content {
  if (!isJsonObject(attackerMessage)) throw malformed("a message's signature is an object");
  return { kind: "manifest", signature: readBase64(attackerMessage.signature) };
}

const BESIDE: ReadonlySet<string> = new Set(["tlogEntries", "timestampVerificationData"]);

function readMaterial(bundle: JsonObject, attackerMaterial: Json | undefined): Material {
  if (!isJsonObject(attackerMaterial)) throw malformed("there is no verification material");
  const [kind, ...more] = Object.keys(attackerMaterial).filter((member) => !BESIDE.has(member));
  if (more.length > 0) throw malformed("verification material of two kinds");
  const { tlogEntries = [], certificate, x509CertificateChain } = attackerMaterial;
  if (!Array.isArray(tlogEntries) || tlogEntries.length > MOST_LOG_ENTRIES)
    throw malformed("log entries are a short list");
  // Whoever signs with a key may have logged it; that is for people to look at, the key decides.
  if (kind === "publicKey") return { kind: "key" };
  if (kind !== "certificate" && kind !== "x509CertificateChain")
    throw malformed("unknown verification material");
  if (tlogEntries.length > 0) return { kind: "sigstore", bundle };
  const chain = kind === "certificate" ? [certificate] : certificatesOf(x509CertificateChain);
  return { kind: "certificate", chain: chain.map(rawBytesOf) };
}

function certificatesOf(attackerChain: Json | undefined): readonly (Json | undefined)[] {
  const certificates = isJsonObject(attackerChain) ? attackerChain.certificates : undefined;
  if (!Array.isArray(certificates) || certificates.length === 0 || certificates.length > MOST_CERTIFICATES)
    throw malformed("a chain has one certificate and a few more");
  return certificates;
}

const rawBytesOf = (attackerCertificate: Json | undefined): Uint8Array =>
  readBase64(isJsonObject(attackerCertificate) ? attackerCertificate.rawBytes : undefined);

/** Keyless signatures of this form prove when they were made in another place: those come as bundles. */
function readSimple(attackerDocument: JsonObject): BroughtSignature {
  const { Base64Signature, Payload, ...more } = attackerDocument;
  if (Base64Signature === undefined || Payload === undefined)
    throw malformed("this is no signature that we know");
  if (!Object.values(more).every((value) => value === null))
    throw malformed("an older signature is taken with a key only; bring others as a Sigstore bundle");
  const [payload, signature] = [readBase64(Payload), readBase64(Base64Signature)];
  return { material: { kind: "key" }, content: { kind: "simple", payload, signature } };
}

/** Padded base64, in the one text that its bytes have. */
export function readBase64(attackerText: Json | undefined): Uint8Array {
  if (typeof attackerText !== "string" || attackerText === "") throw malformed("base64 is missing");
  const bytes = Buffer.from(attackerText, "base64");
  if (bytes.toString("base64") !== attackerText) throw malformed("not base64");
  return bytes;
}

const malformed = (problem: string): VerificationError => new VerificationError("malformed", problem);
