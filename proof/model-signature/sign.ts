import { createPublicKey, type KeyObject } from "node:crypto";
import { encodeBase64 } from "../checkpoint/base64.ts";
import { envelopeJson, sealEnvelope } from "../dsse/index.ts";
import { VerificationError } from "../verification-error.ts";
import { MEDIA_TYPE } from "./bundle.ts";
import type { ModelManifest } from "./manifest.ts";
import { PAYLOAD_TYPE, writeModelStatement } from "./statement.ts";
import { keyHint } from "./verify.ts";

/** Who signs: a private key of P-256, P-384 or P-521, and its certificates where it has some. */
export interface ModelSigner {
  readonly key: KeyObject;
  /** DER, its own first. */
  readonly chain?: readonly Uint8Array[];
}

/**
 * Signs which files a model has.
 * @returns the text of the bundle, to be written beside the model
 * @throws VerificationError `wrong-alg` for a key of another kind
 * @see OpenSSF Model Signing v1.0 §6.7, §6.8
 */
export function signModel(manifest: ModelManifest, { key, chain }: ModelSigner): string {
  if (key.asymmetricKeyType !== "ec")
    throw new VerificationError("wrong-alg", "models are signed with keys of P-256, P-384 or P-521");
  const envelope = sealEnvelope(PAYLOAD_TYPE, writeModelStatement(manifest), key);
  const material =
    chain === undefined
      ? { publicKey: { hint: keyHint(createPublicKey(key)) } }
      : { x509CertificateChain: { certificates: chain.map((der) => ({ rawBytes: encodeBase64(der) })) } };
  const verificationMaterial = { ...material, tlogEntries: [] };
  return JSON.stringify({
    mediaType: MEDIA_TYPE,
    verificationMaterial,
    dsseEnvelope: envelopeJson(envelope),
  });
}
