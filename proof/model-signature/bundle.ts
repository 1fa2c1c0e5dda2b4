import { decodeBase64 } from "../checkpoint/base64.ts";
import { type Envelope, readEnvelope } from "../dsse/index.ts";
import { isJsonObject, type Json, type JsonObject, parseStrict } from "../jcs/index.ts";
import { orRefuse, VerificationError } from "../verification-error.ts";

export const MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";
/** A bundle over 100,000 files. */
const MOST_BYTES = 32 * 1024 * 1024;
/** Longer chains lead nowhere that anybody trusts. */
const MOST_CERTIFICATES = 10;

/** What a bundle says its signer is known by. None of it is trusted. */
export type SigningMaterial =
  /** SHA-256 of the public key's PEM in hexadecimal, or, before version 1.1.0, that PEM. */
  | { readonly kind: "key"; readonly hint: string }
  | { readonly kind: "key"; readonly pem: string }
  /** DER, the signer's own first. */
  | { readonly kind: "certificate"; readonly chain: readonly Uint8Array[] }
  | { readonly kind: "sigstore" };

/** A signature file beside a model. Nothing about it is verified yet. */
export interface ModelBundle {
  readonly material: SigningMaterial;
  readonly envelope: Envelope;
  /** As it was read: for a verifier of the mode `sigstore`. */
  readonly json: JsonObject;
}

/**
 * Reads the shape of a bundle. Members that it does not have refuse it.
 * @param attackerBundle JSON, as text or bytes, or read strictly already
 * @throws VerificationError `malformed`; `wrong-typ` for another media type; `too-large`
 * @see OpenSSF Model Signing v1.0 §4
 */
export function readModelBundle(attackerBundle: string | Uint8Array | JsonObject): ModelBundle {
  const json = isText(attackerBundle) ? parseBounded(attackerBundle) : attackerBundle;
  const { mediaType, verificationMaterial, dsseEnvelope } = exactly(json, ["mediaType", "verificationMaterial", "dsseEnvelope"]); // biome-ignore format: one thought
  if (mediaType !== MEDIA_TYPE) throw new VerificationError("wrong-typ", `the bundle is not ${MEDIA_TYPE}`);
  const envelope = readEnvelope(dsseEnvelope);
  const [signature, ...more] = envelope.signatures;
  if (more.length > 0) throw malformed("a model's bundle has one signature");
  if (signature?.attackerKeyId !== undefined) throw malformed("a model's signature has no keyid");
  return { material: readMaterial(verificationMaterial), envelope, json: json as JsonObject };
}

const isText = (bundle: string | Uint8Array | JsonObject): bundle is string | Uint8Array =>
  typeof bundle === "string" || bundle instanceof Uint8Array;

function parseBounded(attackerText: string | Uint8Array): Json {
  if (attackerText.length > MOST_BYTES) throw new VerificationError("too-large", "the bundle is too large");
  return orRefuse("malformed", "the bundle", () => parseStrict(attackerText));
}

const BESIDE = ["tlogEntries", "timestampVerificationData"];

function readMaterial(attackerMaterial: Json | undefined): SigningMaterial {
  if (!isJsonObject(attackerMaterial)) throw malformed("there is no verification material");
  const [kind, ...more] = Object.keys(attackerMaterial).filter((member) => !BESIDE.includes(member));
  if (more.length > 0) throw malformed("verification material of two kinds");
  const { publicKey, x509CertificateChain, tlogEntries = [] } = attackerMaterial;
  if (!Array.isArray(tlogEntries)) throw malformed("tlogEntries are a list");
  if (kind === "certificate" && tlogEntries.length > 0) return { kind: "sigstore" };
  if (tlogEntries.length > 0) throw malformed("a signature with a key has no log entries");
  if (attackerMaterial.timestampVerificationData !== undefined)
    throw malformed("a signature with a key has no timestamps");
  if (kind === "publicKey") return readPublicKey(publicKey);
  if (kind === "x509CertificateChain") return { kind: "certificate", chain: readChain(x509CertificateChain) };
  throw malformed("the verification material is a public key or a chain of certificates");
}

function readPublicKey(attackerKey: Json | undefined): SigningMaterial {
  const { hint, rawBytes, keyDetails } = (isJsonObject(attackerKey) ? attackerKey : {}) as JsonObject;
  if (typeof hint === "string" && /^[0-9a-f]{64}$/.test(hint)) {
    exactly(attackerKey, ["hint"]);
    return { kind: "key", hint };
  }
  exactly(attackerKey, keyDetails === undefined ? ["rawBytes"] : ["rawBytes", "keyDetails"]);
  if (typeof rawBytes !== "string") throw malformed("a public key has a hint");
  return { kind: "key", pem: Buffer.from(decodeBase64(rawBytes)).toString("latin1") };
}

function readChain(attackerChain: Json | undefined): Uint8Array[] {
  const { certificates } = exactly(attackerChain, ["certificates"]);
  if (!Array.isArray(certificates) || certificates.length === 0) throw malformed("the chain is empty");
  if (certificates.length > MOST_CERTIFICATES) throw malformed("the chain is too long");
  return certificates.map((each) => {
    const { rawBytes } = exactly(each, ["rawBytes"]);
    if (typeof rawBytes !== "string") throw malformed("a certificate is base64");
    return decodeBase64(rawBytes);
  });
}

function exactly(attackerValue: Json | undefined, members: readonly string[]): JsonObject {
  if (isJsonObject(attackerValue)) {
    const found = Object.keys(attackerValue);
    if (found.length === members.length && members.every((each) => found.includes(each)))
      return attackerValue;
  }
  throw malformed(`an object has exactly ${members.join(", ")}`);
}

const malformed = (problem: string): VerificationError => new VerificationError("malformed", problem);
