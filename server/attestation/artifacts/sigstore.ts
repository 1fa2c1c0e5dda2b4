import type { Json, JsonObject } from "@countersign/proof/jcs";
import { VerificationError } from "@countersign/proof/verification-error";
import type { SignerTrust } from "./signer.ts";

/** What a keyless signature is checked against: pinned authorities and logs, and exactly one identity. */
type Pinned = Extract<SignerTrust, { kind: "sigstore" }>;

/**
 * Checks a keyless signature: the certificate by the pinned authorities at the time that the pinned logs or
 * timestamp authorities prove, its transparency, the signature, and then who it is. The library matches names as
 * patterns; we compare them.
 * @param attackerBundle a Sigstore bundle, read strictly
 * @param artifact what was signed, where the bundle holds no statement
 * @throws VerificationError `bad-signature` for whatever the library refuses, `wrong-subject` for somebody else
 * @see sigstore-js verify 4
 */
export async function verifySigstore(
  attackerBundle: JsonObject,
  { trusted_root, issuer, san }: Pinned,
  artifact?: Uint8Array,
): Promise<void> {
  const { subjectAlternativeName, extensions } = await identityOf(attackerBundle, trusted_root, artifact);
  if (subjectAlternativeName !== san || extensions?.issuer !== issuer)
    throw new VerificationError("wrong-subject", "it was signed by somebody else");
}

async function identityOf(attackerBundle: JsonObject, trustedRoot: Json, artifact: Uint8Array | undefined) {
  // Loaded when the first one comes: most installations sign with keys.
  const [{ bundleFromJSON }, { TrustedRoot }, { toSignedEntity, toTrustMaterial, Verifier }] =
    await Promise.all([
      import("@sigstore/bundle"),
      import("@sigstore/protobuf-specs"),
      import("@sigstore/verify"),
    ]);
  try {
    const trusted = toTrustMaterial(TrustedRoot.fromJSON(trustedRoot));
    const bundle = bundleFromJSON(attackerBundle);
    const entity = toSignedEntity(bundle, artifact === undefined ? undefined : Buffer.from(artifact));
    return new Verifier(trusted).verify(entity).identity ?? {};
  } catch (cause) {
    throw new VerificationError("bad-signature", "the keyless signature does not hold", { cause });
  }
}
