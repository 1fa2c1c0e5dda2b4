import type { JsonObject } from "@countersign/proof/jcs";
import { readModelBundle, readModelStatement, type SignedModel, verifyModelSignature } from "@countersign/proof/model-signature"; // biome-ignore format: one thought
import { type VerificationCode, VerificationError } from "@countersign/proof/verification-error";
import { notAsDeclared } from "../artifacts/refused.ts";
import { authoritiesOf, keyOf, type Signer } from "../artifacts/signer.ts";
import { verifySigstore } from "../artifacts/sigstore.ts";
import type { ModelReason } from "./reason.ts";

/**
 * What this signer, and nobody else, has signed of a model.
 * @param now milliseconds since the epoch
 * @throws Fault `forbidden` whose member `reason` says what does not hold
 */
export async function verifyBySigner(
  attackerBundle: JsonObject,
  { trust }: Signer,
  now: number,
): Promise<SignedModel> {
  try {
    const bundle = readModelBundle(attackerBundle);
    if (trust.kind === "key") return verifyModelSignature(bundle, { kind: "key", key: keyOf(trust) });
    if (trust.kind === "certificate") {
      const [roots, identities] = [authoritiesOf(trust), [trust.identity]];
      return verifyModelSignature(bundle, { kind: "certificate", roots, identities, now });
    }
    if (bundle.material.kind !== "sigstore")
      throw new VerificationError("unknown-key", "it was signed in another mode");
    await verifySigstore(bundle.json, trust);
    return { manifest: readModelStatement(bundle.envelope.payload) };
  } catch (error) {
    if (error instanceof VerificationError) throw refusalOf(error);
    throw error;
  }
}

const REASONS: Readonly<Partial<Record<VerificationCode, ModelReason>>> = {
  malformed: "model-signature-unreadable",
  "too-large": "model-signature-unreadable",
  "wrong-typ": "model-signature-unreadable",
  "bad-signature": "model-signature-broken",
  "wrong-alg": "model-signature-broken",
  "unknown-key": "model-signed-by-another",
  "wrong-subject": "model-signed-by-another",
  expired: "model-certificate-expired",
  "not-yet-valid": "model-certificate-expired",
};

const WORDS: Readonly<Partial<Record<ModelReason, readonly [string, string]>>> = {
  "model-signature-unreadable": [
    "This is no signature over a model as OpenSSF Model Signing v1.0 writes it",
    "Sign the model: `countersign model sign`.",
  ],
  "model-signed-by-another": [
    "It was signed by somebody else than this signer",
    "Name the signer who has signed it, or have an administrator define her.",
  ],
  "model-certificate-expired": [
    "The signer's certificate is not valid now, and nothing says that it signed when it was",
    "Sign anew.",
  ],
};

function refusalOf(error: VerificationError) {
  const reason = REASONS[error.code] ?? "model-signature-broken";
  const [message, remedy] = WORDS[reason] ?? ["The signature does not hold", "Sign the model anew."];
  return notAsDeclared(reason, `${message}: ${error.message}.`, remedy);
}
