import { createHash } from "node:crypto";
import { preAuthEncoding } from "@countersign/proof/dsse";
import { type Json, parseStrict } from "@countersign/proof/jcs";
import {
  isAbout,
  PROVENANCE_PREDICATE,
  type Provenance,
  readProvenance,
  readStatement,
  STATEMENT_PAYLOAD,
} from "@countersign/proof/statement";
import { VerificationError } from "@countersign/proof/verification-error";
import type { BroughtSignature, Content } from "./brought-signature.ts";
import { SignatureRefused } from "./signature-refused.ts";
import type { Signer } from "./signer.ts";
import { signersWho } from "./signers-who.ts";

/** What a verified signature comes to. */
export interface VerifiedSignature {
  readonly kind: "signature" | "provenance";
  readonly signer: Signer;
  /** SHA-256 of the signed bytes, lower-case hex. */
  readonly signed: string;
  readonly provenance?: Provenance;
  /** Milliseconds since the epoch; absent where time cannot end it. */
  readonly expires?: number;
}

/** What the signature must be about. */
export interface About {
  /** The manifest's digest, `sha256:<hex>`. */
  readonly image: string;
  /** The manifest itself, whose digest it is, where it was brought. */
  readonly manifest?: Uint8Array | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What cosign says in a statement when it signs an image. */
const COSIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1";

/**
 * Verifies a signature over an image: whose it is first, then what it says, and only then whether that is about
 * this image and for this signer to say.
 * @throws SignatureRefused
 */
export async function verifySignature(
  brought: BroughtSignature,
  signers: readonly Signer[],
  about: About,
): Promise<VerifiedSignature> {
  const bytes = signedBytes(brought.content, about);
  const found = await signersWho(brought, signers, bytes, about.now);
  const said = whatItSays(brought.content, about);
  const purpose = said.kind === "signature" ? "image" : "provenance";
  const one = found.find(({ signer }) => signer.purposes.includes(purpose));
  if (one === undefined) throw new SignatureRefused("signature-wrong-purpose");
  return { ...said, ...one, signed: createHash("sha256").update(bytes).digest("hex") };
}

function signedBytes(content: Content, { manifest }: About): Uint8Array {
  if (content.kind === "statement") return preAuthEncoding(content.envelope);
  if (content.kind === "simple") return content.payload;
  if (manifest === undefined) throw new SignatureRefused("signature-without-manifest");
  return manifest;
}

function whatItSays(content: Content, { image }: About): Pick<VerifiedSignature, "kind" | "provenance"> {
  // That these bytes are the manifest of this digest, whoever brought them has shown.
  if (content.kind === "manifest") return { kind: "signature" };
  try {
    if (content.kind === "simple") return readSimpleSigning(content.payload, image);
    return readSaid(content.envelope, image);
  } catch (cause) {
    if (cause instanceof SignatureRefused) throw cause;
    throw new SignatureRefused("signature-unreadable", { cause });
  }
}

function readSaid(
  { payload, payloadType }: { readonly payload: Uint8Array; readonly payloadType: string },
  image: string,
): Pick<VerifiedSignature, "kind" | "provenance"> {
  if (payloadType !== STATEMENT_PAYLOAD) throw new SignatureRefused("signature-unknown-predicate");
  const statement = readStatement(payload);
  if (!isAbout(statement, image.slice("sha256:".length)))
    throw new SignatureRefused("signature-wrong-digest");
  if (statement.predicateType === COSIGN_PREDICATE) return { kind: "signature" };
  if (statement.predicateType !== PROVENANCE_PREDICATE)
    throw new SignatureRefused("signature-unknown-predicate");
  return { kind: "provenance", provenance: readProvenance(statement) };
}

/** @see cosign SIGNATURE_SPEC.md: the digest of the manifest, under any name that it had when it was signed */
function readSimpleSigning(signedPayload: Uint8Array, image: string): Pick<VerifiedSignature, "kind"> {
  const text = new TextDecoder("utf-8", { fatal: true }).decode(signedPayload);
  const { critical } = asObject(parseStrict(text));
  const { type, image: about } = asObject(critical);
  if (type !== "cosign container image signature") throw new SignatureRefused("signature-unknown-predicate");
  if (asObject(about)["docker-manifest-digest"] !== image)
    throw new SignatureRefused("signature-wrong-digest");
  return { kind: "signature" };
}

function asObject(attackerValue: Json | undefined): Readonly<Record<string, Json>> {
  if (typeof attackerValue === "object" && attackerValue !== null && !Array.isArray(attackerValue))
    return attackerValue as Record<string, Json>;
  throw new VerificationError("malformed", "an object is expected");
}
