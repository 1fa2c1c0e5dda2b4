import { signs } from "@countersign/proof/dsse";
import { VerificationError } from "@countersign/proof/verification-error";
import {
  type Certificate,
  distinguishedName,
  KEY_USAGE,
  PURPOSE,
  readCertificate,
  validatePath,
} from "@countersign/proof/x509";
import type { BroughtSignature, Content, Material } from "./brought-signature.ts";
import { type SignatureReason, SignatureRefused } from "./signature-refused.ts";
import { authoritiesOf, keyOf, type Signer } from "./signer.ts";
import { verifySigstore } from "./sigstore.ts";

/** A signer whose signature it is, and until when that can be told. */
export interface Found {
  readonly signer: Signer;
  /** Milliseconds since the epoch; absent where time cannot end it. */
  readonly expires?: number;
}

/**
 * All signers of ours whose signature this is: two may share a key for different purposes.
 * @param signed the bytes that were signed
 * @throws SignatureRefused when it is nobody's of ours
 */
export function signersWho(
  { material, content }: BroughtSignature,
  signers: readonly Signer[],
  signed: Uint8Array,
  now: number,
): Promise<readonly Found[]> {
  if (material.kind === "sigstore") return byIdentity(material, content, signers, signed);
  const signature = signatureIn(content);
  const found =
    material.kind === "key"
      ? byKey(signers, signed, signature)
      : byCertificate(material.chain, signers, signed, signature, now);
  return Promise.resolve(found);
}

const signatureIn = (content: Content): Uint8Array =>
  content.kind === "statement"
    ? (content.envelope.signatures[0]?.signature ?? new Uint8Array())
    : content.signature;

function byKey(signers: readonly Signer[], signed: Uint8Array, signature: Uint8Array): Found[] {
  const found = signers.filter(({ trust }) => trust.kind === "key" && signs(keyOf(trust), signed, signature));
  if (found.length === 0) throw new SignatureRefused("signature-untrusted");
  return found.map((signer) => ({ signer }));
}

function byCertificate(
  chain: readonly Uint8Array[],
  signers: readonly Signer[],
  signed: Uint8Array,
  signature: Uint8Array,
  now: number,
): Found[] {
  const [leaf, ...others] = readChain(chain);
  let reason: SignatureReason = "signature-untrusted";
  const found = signers.flatMap((signer): Found[] => {
    const { trust } = signer;
    if (trust.kind !== "certificate") return [];
    try {
      const expires = validatePath(leaf, others, authoritiesOf(trust), now);
      if (isFor(leaf, trust.identity)) return [{ signer, expires }];
      reason = "signature-wrong-identity";
    } catch (error) {
      if (!(error instanceof VerificationError)) throw error;
      if (error.code === "expired") reason = "signature-certificate-expired";
    }
    return [];
  });
  if (found.length === 0) throw new SignatureRefused(reason);
  if (!isSigned(leaf, signed, signature)) throw new SignatureRefused("signature-untrusted");
  return found;
}

function readChain(attackerChain: readonly Uint8Array[]): [Certificate, ...Certificate[]] {
  try {
    return attackerChain.map(readCertificate) as [Certificate, ...Certificate[]];
  } catch (cause) {
    throw new SignatureRefused("signature-unreadable", { cause });
  }
}

function isSigned({ key }: Certificate, signed: Uint8Array, signature: Uint8Array): boolean {
  try {
    return signs(key, signed, signature);
  } catch {
    return false; // a key of a kind that signs nothing here
  }
}

/** A certificate for signing code, in exactly this name. */
const isFor = (leaf: Certificate, identity: string): boolean =>
  leaf.keyUsage?.has(KEY_USAGE.digitalSignature) === true &&
  leaf.purposes?.includes(PURPOSE.codeSigning) === true &&
  [...leaf.uris, ...leaf.dnsNames, distinguishedName(leaf.subject)].includes(identity);

async function byIdentity(
  { bundle }: Extract<Material, { kind: "sigstore" }>,
  content: Content,
  signers: readonly Signer[],
  signed: Uint8Array,
): Promise<Found[]> {
  const found: Found[] = [];
  let reason: SignatureReason = "signature-untrusted";
  for (const signer of signers) {
    if (signer.trust.kind !== "sigstore") continue;
    try {
      await verifySigstore(bundle, signer.trust, content.kind === "manifest" ? signed : undefined);
      found.push({ signer });
    } catch (error) {
      if (!(error instanceof VerificationError)) throw error;
      if (error.code === "wrong-subject") reason = "signature-wrong-identity";
    }
  }
  if (found.length === 0) throw new SignatureRefused(reason);
  return found;
}
