import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { openEnvelope } from "../dsse/index.ts";
import { orRefuse, VerificationError } from "../verification-error.ts";
import { type Certificate, distinguishedName, KEY_USAGE, PURPOSE, readCertificate, validatePath } from "../x509/index.ts"; // biome-ignore format: one thought
import { type ModelBundle, readModelBundle, type SigningMaterial } from "./bundle.ts";
import type { ModelManifest } from "./manifest.ts";
import { PAYLOAD_TYPE, readModelStatement } from "./statement.ts";

/** Whose signature over a model is taken. */
export type TrustedSigner =
  /** A public key of P-256, P-384 or P-521. */
  | { readonly kind: "key"; readonly key: KeyObject }
  | {
      readonly kind: "certificate";
      /** The authorities, and no others. */
      readonly roots: readonly Certificate[];
      /** Who of all whom they certify: a URI or DNS name of the certificate, or its subject (RFC 4514). */
      readonly identities: readonly string[];
      /** Milliseconds since the epoch: the certificate must be valid now, for nothing says when it signed. */
      readonly now: number;
    };

export interface SignedModel {
  readonly manifest: ModelManifest;
  /** When the certificate, or one above it, expires: nothing says that it signed before. Milliseconds. */
  readonly expires?: number;
}

/**
 * What a signer whom the caller trusts has signed of a model. Signature first, over the bytes as they stand;
 * then every rule of the statement.
 * @param attackerBundle the signature file
 * @throws VerificationError `unknown-key` for another signer's; `bad-signature`; `expired`, `not-yet-valid`;
 *   `wrong-alg`; `wrong-subject` for somebody else of the same authority; `malformed`; `wrong-typ`; `too-large`
 * @see OpenSSF Model Signing v1.0 §8
 */
export function verifyModelSignature(
  attackerBundle: string | Uint8Array | ModelBundle,
  trusted: TrustedSigner,
): SignedModel {
  const bundle = isRead(attackerBundle) ? attackerBundle : readModelBundle(attackerBundle);
  const { key, expires } =
    trusted.kind === "key" ? { key: keyOf(bundle, trusted) } : certifiedKey(bundle, trusted);
  if (key.asymmetricKeyType !== "ec")
    throw new VerificationError("wrong-alg", "models are signed with keys of P-256, P-384 or P-521");
  const { payload } = openEnvelope(bundle.envelope, { payloadType: PAYLOAD_TYPE, keys: [key] });
  const manifest = readModelStatement(payload);
  return expires === undefined ? { manifest } : { manifest, expires };
}

const isRead = (bundle: string | Uint8Array | ModelBundle): bundle is ModelBundle =>
  typeof bundle === "object" && "envelope" in bundle;

/** The key is ours; that the bundle names it is what tells a wrong key from a broken signature. */
function keyOf({ material }: ModelBundle, { key }: { readonly key: KeyObject }): KeyObject {
  if (material.kind !== "key") throw anotherMode(material);
  const same = "hint" in material ? material.hint === keyHint(key) : isKey(material.pem, key);
  if (!same) throw new VerificationError("unknown-key", "it was signed with another key");
  return key;
}

const isKey = (attackerPem: string, key: KeyObject): boolean =>
  orRefuse("malformed", "the public key", () => createPublicKey(attackerPem)).equals(key);

/** What a bundle calls a key: SHA-256 over the text of its PEM. */
export const keyHint = (key: KeyObject): string =>
  createHash("sha256")
    .update(key.export({ type: "spki", format: "pem" }))
    .digest("hex");

/** A certificate that was made for signing code, under one of these roots, for one of these names. */
function certifiedKey(
  { material }: ModelBundle,
  { roots, identities, now }: TrustedSigner & { readonly kind: "certificate" },
): { key: KeyObject; expires: number } {
  if (material.kind !== "certificate") throw anotherMode(material);
  const [leaf, ...others] = material.chain.map(readCertificate);
  if (leaf === undefined) throw new VerificationError("malformed", "the chain is empty");
  const expires = validatePath(leaf, others, roots, now);
  const { keyUsage, purposes } = leaf;
  if (keyUsage?.has(KEY_USAGE.digitalSignature) !== true || purposes?.includes(PURPOSE.codeSigning) !== true)
    throw new VerificationError("wrong-subject", "the certificate is not for signing code");
  if (
    ![...leaf.uris, ...leaf.dnsNames, distinguishedName(leaf.subject)].some((name) =>
      identities.includes(name),
    )
  )
    throw new VerificationError("wrong-subject", "the certificate is somebody else's");
  return { key: leaf.key, expires };
}

const anotherMode = ({ kind }: SigningMaterial): VerificationError =>
  new VerificationError("unknown-key", `it was signed in the mode ${kind}, and this signer signs in another`);
